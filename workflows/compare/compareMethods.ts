/**
 * The children of a comparison in their order: the warm-up, then its reward model and every method with every seed, each evaluated as
 * soon as both it and the reward model are trained.
 */
import { startChild } from '@temporalio/workflow';
import type { ComparedModel } from '../../activities/evaluation/types.js';
import type { Work } from '../../activities/report/types.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import { type CompareSpec, childSpec } from '../config/compare.js';
import { modelTitle } from '../config/measures.js';
import { type MethodName, methods } from '../config/methods.js';
import type { SharedStart } from '../methods/method.js';
import type { Unit } from './runUnit.js';
import { type ComparisonState, hasRewardModel, memberKey } from './state.js';
import { comparisonEvaluation, comparisonRewardModel, comparisonTraining, comparisonWarmUp } from './units.js';

/** The result of a child, the smallest `place` first; undefined when it failed, or when nothing more is to begin. */
export type RunChild = <Result extends { readonly work: Readonly<Record<string, Work>> }>(
  place: number,
  unit: Unit<Result>,
) => Promise<Result | undefined>;

export interface Comparison {
  readonly spec: CompareSpec;
  readonly state: ComparisonState;
  readonly run: RunChild;
  /** Called when the table, or what is told below it, has changed. */
  readonly show: () => void;
}

/** What every evaluation starts from. */
interface Shared extends SharedStart {
  readonly rewardModel?: CheckpointRef;
}

/** Fills the places in `state`; a part whose child has failed stays empty, and all that depends on it. */
export async function compareMethods(comparison: Comparison): Promise<void> {
  const { spec } = comparison;
  const start = await warmUp(comparison);
  if (!start) return;
  // Trainings need no reward model: they fill what its own leaves free.
  const rewardModelScores = trainRewardModelOnce(comparison, start);
  const evaluateReranked = async (member: Member, checkpoint: CheckpointRef): Promise<void> => {
    const rewardModel = await rewardModelScores;
    if (hasRewardModel(spec) && !rewardModel) return;
    await evaluate(comparison, { ...start, ...(rewardModel ? { rewardModel } : {}) }, member, checkpoint);
  };
  await Promise.all([
    evaluateReranked({ model: 'warmUp', seed: spec.run.seed, order: 0 }, start.start.checkpoint),
    ...spec.seeds.flatMap((seed, order) =>
      spec.methods.map(async (model) => {
        const member = { model, seed, order };
        const checkpoint = await train(comparison, start, member);
        if (checkpoint) await evaluateReranked(member, checkpoint);
      }),
    ),
  ]);
}

interface Member<Model extends ComparedModel = ComparedModel> {
  readonly model: Model;
  readonly seed: number;
  /** Of the seed among all: the first ones go first. */
  readonly order: number;
}

/** Trainings come after evaluations, so that rows of the table are whole as early as they can be. */
function places({ order }: Member) {
  return { first: 2 * order, later: 2 * order + 1 };
}

/** Given to each child as it starts; from then on the comparison passes changes on. */
function controlsOf({ state }: Comparison) {
  return { paused: state.journal.controls.paused, stopping: false };
}

async function warmUp(comparison: Comparison): Promise<SharedStart | undefined> {
  const { spec, state, run } = comparison;
  if (state.start) return state.start;
  const { seed, data, model, lora, generation, reward, warmUp: settings } = spec.run;
  const result = await run(0, {
    unit: 'warm-up',
    title: 'warm-up',
    name: `seed${seed}`,
    content: { seed, data, model, lora, generation, reward, warmUp: settings },
    start: (key, options) =>
      startChild(comparisonWarmUp, {
        ...options,
        args: [{ key, spec: spec.run, controls: controlsOf(comparison), methods: spec.methods }],
      }),
  });
  if (!result) return undefined;
  const { work, ...shared } = result;
  state.start = shared;
  return shared;
}

async function trainRewardModelOnce(
  comparison: Comparison,
  { data, start }: SharedStart,
): Promise<CheckpointRef | undefined> {
  const { spec, state, run } = comparison;
  if (state.rewardModel || !hasRewardModel(spec)) return state.rewardModel;
  const { seed, rewardModel, generation, reward } = spec.run;
  const result = await run(0, {
    unit: 'reward-model',
    title: 'reward model',
    name: `seed${seed}`,
    content: { seed, rewardModel, generation, reward, data, start },
    start: (key, options) =>
      startChild(comparisonRewardModel, {
        ...options,
        args: [{ key, spec: spec.run, controls: controlsOf(comparison), data, start }],
      }),
  });
  if (result) state.rewardModel = result.checkpoint;
  return result?.checkpoint;
}

async function train(
  comparison: Comparison,
  shared: SharedStart,
  member: Member<MethodName>,
): Promise<CheckpointRef | undefined> {
  const { spec, state, run, show } = comparison;
  const { model: method, seed } = member;
  const place = memberKey(seed, method);
  const ready = state.trained[place];
  if (ready) return ready.checkpoint;
  const own = childSpec(spec, seed, method);
  const settings = own[methods[method].section];
  const { samplesPerQuestion, ...validation } = own.evaluation;
  const result = await run(places(member).later, {
    unit: 'training',
    title: `${modelTitle(method)}, seed ${seed}`,
    name: `${method}-seed${seed}`,
    content: { seed, method, settings, validation, generation: own.generation, reward: own.reward, ...shared },
    start: (key, options) =>
      startChild(comparisonTraining, {
        ...options,
        args: [{ key, spec: own, controls: controlsOf(comparison), ...shared }],
      }),
  });
  if (!result) return undefined;
  const { work, ...trained } = result;
  state.trained[place] = trained;
  show();
  return trained.checkpoint;
}

async function evaluate(
  comparison: Comparison,
  { data, rewardModel }: Shared,
  member: Member,
  checkpoint: CheckpointRef,
): Promise<void> {
  const { spec, state, run, show } = comparison;
  const { model, seed } = member;
  const place = memberKey(seed, model);
  if (state.evaluated[place]) return;
  const own = { ...spec.run, seed };
  const { samplesPerQuestion: samples } = own.evaluation;
  const scoredBy = rewardModel ? { rewardModel } : {};
  const result = await run(places(member).first, {
    unit: 'evaluation',
    title: `evaluation of ${model === 'warmUp' ? modelTitle(model) : `${modelTitle(model)}, seed ${seed}`}`,
    name: `${model}-seed${seed}`,
    content: { seed, samples, generation: own.generation, reward: own.reward, data, checkpoint, ...scoredBy },
    start: (key, options) =>
      startChild(comparisonEvaluation, {
        ...options,
        args: [
          { key, spec: own, controls: controlsOf(comparison), data, checkpoint, ...scoredBy, name: modelTitle(model) },
        ],
      }),
  });
  if (!result) return;
  const { metrics, verdicts } = result;
  state.evaluated[place] = { metrics, verdicts };
  show();
}
