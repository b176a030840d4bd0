/** A comparison's part of one seed: the warm-up, its judge, then every method, each evaluated as soon as it is trained. */
import { startChild } from '@temporalio/workflow';
import type { CheckpointRef, ComparedModel, Work } from '../../activities/contracts.js';
import type { SharedStart } from '../methods/method.js';
import { type CompareSpec, childSpec } from '../spec/compareSpec.js';
import { modelTitle } from '../spec/measures.js';
import { type MethodName, methods } from '../spec/methods.js';
import type { Unit } from './runUnit.js';
import { type ComparisonState, hasJudge, memberKey } from './state.js';
import { comparisonEvaluation, comparisonRewardModel, comparisonTraining, comparisonWarmUp } from './units.js';

/** The result of a child, the smallest `place` first; undefined when it failed, or when nothing more is to begin. */
export type RunChild = <Result extends { readonly work: Readonly<Record<string, Work>> }>(
  place: number,
  unit: Unit<Result>,
) => Promise<Result | undefined>;

export interface SeedOfComparison {
  readonly spec: CompareSpec;
  readonly state: ComparisonState;
  readonly seed: number;
  /** Of the seed among all: the first ones go first. */
  readonly index: number;
  readonly run: RunChild;
  /** Called when the table, or what is told below it, has changed. */
  readonly show: () => void;
}

/** Fills the seed's places in `state`; a part whose child has failed stays empty, and all that depends on it. */
export async function compareSeed(part: SeedOfComparison): Promise<void> {
  const shared = await warmUp(part);
  if (!shared) return;
  const judge = await trainJudge(part, shared);
  if (hasJudge(part.spec) && !judge) return;
  const evaluateModel = (model: ComparedModel, checkpoint: CheckpointRef): Promise<void> =>
    evaluate(part, shared, judge, model, checkpoint);
  await Promise.all([
    evaluateModel('warmUp', shared.start.checkpoint),
    ...part.spec.methods.map(async (method) => {
      const checkpoint = await train(part, shared, method);
      if (checkpoint) await evaluateModel(method, checkpoint);
    }),
  ]);
}

/** Trainings come after evaluations, so that rows of the table are whole as early as they can be. */
function places({ index }: SeedOfComparison) {
  return { first: 2 * index, later: 2 * index + 1 };
}

/** Given to each child as it starts; from then on the comparison passes changes on. */
function controlsOf({ state }: SeedOfComparison) {
  return { paused: state.journal.controls.paused, stopping: false };
}

async function warmUp(part: SeedOfComparison): Promise<SharedStart | undefined> {
  const { spec, state, seed, run } = part;
  const ready = state.starts[seed];
  if (ready) return ready;
  const own = { ...spec.run, seed };
  const { data, model, lora, generation, warmUp: settings } = own;
  const result = await run(places(part).first, {
    unit: 'warm-up',
    title: `warm-up, seed ${seed}`,
    name: `seed${seed}`,
    content: { seed, data, model, lora, generation, warmUp: settings },
    start: (key, options) =>
      startChild(comparisonWarmUp, {
        ...options,
        args: [{ key, spec: own, controls: controlsOf(part), methods: spec.methods }],
      }),
  });
  if (!result) return undefined;
  const { work, ...shared } = result;
  state.starts[seed] = shared;
  return shared;
}

async function trainJudge(part: SeedOfComparison, { data, start }: SharedStart): Promise<CheckpointRef | undefined> {
  const { spec, state, seed, run } = part;
  const ready = state.judges[seed];
  if (ready || !hasJudge(spec)) return ready;
  const own = { ...spec.run, seed };
  const { rewardModel, generation } = own;
  const result = await run(places(part).first, {
    unit: 'reward-model',
    title: `reward model, seed ${seed}`,
    name: `seed${seed}`,
    content: { seed, rewardModel, generation, data, start },
    start: (key, options) =>
      startChild(comparisonRewardModel, {
        ...options,
        args: [{ key, spec: own, controls: controlsOf(part), data, start }],
      }),
  });
  if (result) state.judges[seed] = result.checkpoint;
  return result?.checkpoint;
}

async function train(
  part: SeedOfComparison,
  shared: SharedStart,
  method: MethodName,
): Promise<CheckpointRef | undefined> {
  const { spec, state, seed, run, show } = part;
  const place = memberKey(seed, method);
  const ready = state.trained[place];
  if (ready) return ready.checkpoint;
  const own = childSpec(spec, seed, method);
  const settings = own[methods[method].section];
  const { samplesPerQuestion, ...validation } = own.evaluation;
  const result = await run(places(part).later, {
    unit: 'training',
    title: `${modelTitle(method)}, seed ${seed}`,
    name: `${method}-seed${seed}`,
    content: { seed, method, settings, validation, generation: own.generation, ...shared },
    start: (key, options) =>
      startChild(comparisonTraining, {
        ...options,
        args: [{ key, spec: own, controls: controlsOf(part), ...shared }],
      }),
  });
  if (!result) return undefined;
  const { work, ...trained } = result;
  state.trained[place] = trained;
  show();
  return trained.checkpoint;
}

async function evaluate(
  part: SeedOfComparison,
  { data }: SharedStart,
  rewardModel: CheckpointRef | undefined,
  model: ComparedModel,
  checkpoint: CheckpointRef,
): Promise<void> {
  const { spec, state, seed, run, show } = part;
  const place = memberKey(seed, model);
  if (state.evaluated[place]) return;
  const own = { ...spec.run, seed };
  const { samplesPerQuestion: samples } = own.evaluation;
  const judge = rewardModel ? { rewardModel } : {};
  const result = await run(places(part).first, {
    unit: 'evaluation',
    title: `evaluation of ${modelTitle(model)}, seed ${seed}`,
    name: `${model}-seed${seed}`,
    content: { seed, samples, generation: own.generation, data, checkpoint, ...judge },
    start: (key, options) =>
      startChild(comparisonEvaluation, {
        ...options,
        args: [{ key, spec: own, controls: controlsOf(part), data, checkpoint, ...judge, name: modelTitle(model) }],
      }),
  });
  if (!result) return;
  const { figures, verdicts } = result;
  state.evaluated[place] = { figures, verdicts };
  show();
}
