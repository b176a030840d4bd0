/**
 * The children of a comparison in their order: for each warm-up the warm-up, then its reward model and every method with every seed, each
 * evaluated as soon as both it and the reward model are trained.
 */
import { startChild } from '@temporalio/workflow';
import type { Work } from '../../activities/report/types.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import { type CompareSpec, childSpec } from '../config/compare.js';
import { modelTitle, trainingTitle } from '../config/measures.js';
import { methods } from '../config/methods.js';
import type { SharedStart } from '../methods/method.js';
import type { Unit } from './runUnit.js';
import {
  type ComparisonState,
  hasRewardModel,
  type Member,
  memberKey,
  type TrainedMember,
  trainedMembers,
} from './state.js';
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
  const members = trainedMembers(comparison.spec);
  await Promise.all(
    comparison.spec.warmUps.map((warmUp) =>
      compareFrom(
        comparison,
        warmUp,
        members.filter((member) => member.warmUp === warmUp),
      ),
    ),
  );
}

/** All that starts from one warm-up. */
async function compareFrom(comparison: Comparison, warmUp: number, members: readonly TrainedMember[]): Promise<void> {
  const { spec } = comparison;
  const start = await trainWarmUp(comparison, warmUp);
  if (!start) return;
  // Trainings need no reward model: they fill what its own leaves free.
  const rewardModelScores = trainRewardModelOnce(comparison, warmUp, start);
  const evaluateReranked = async (member: Member, checkpoint: CheckpointRef): Promise<void> => {
    const rewardModel = await rewardModelScores;
    if (hasRewardModel(spec) && !rewardModel) return;
    await evaluate(comparison, { ...start, ...(rewardModel ? { rewardModel } : {}) }, member, checkpoint);
  };
  await Promise.all([
    evaluateReranked({ model: 'warmUp', warmUp }, start.start.checkpoint),
    ...members.map(async (member) => {
      const checkpoint = await train(comparison, start, member);
      if (checkpoint) await evaluateReranked(member, checkpoint);
    }),
  ]);
}

/**
 * The first warm-ups and seeds go first, and evaluations before trainings, so that rows of the table are whole as early as they can be.
 */
function places({ seeds, warmUps }: CompareSpec, member: Member) {
  const seed = member.model === 'warmUp' ? 0 : seeds.indexOf(member.seed);
  const order = warmUps.indexOf(member.warmUp) * seeds.length + seed;
  return { first: 2 * order, later: 2 * order + 1 };
}

/** Given to each child as it starts; from then on the comparison passes changes on. */
function controlsOf({ state }: Comparison) {
  return { paused: state.journal.controls.paused, stopping: false };
}

async function trainWarmUp(comparison: Comparison, seed: number): Promise<SharedStart | undefined> {
  const { spec, state, run } = comparison;
  const ready = state.starts[seed];
  if (ready) return ready;
  const { data, model, lora, compute, generation, reward, memory, warmUp: settings } = spec.run;
  // All warm-ups learn from the data of the run's seed.
  const dataSeed = seed === spec.run.seed ? {} : { dataSeed: spec.run.seed };
  const result = await run(places(spec, { model: 'warmUp', warmUp: seed }).first, {
    unit: 'warm-up',
    title: trainingTitle({ model: 'warmUp', warmUp: seed }, spec.warmUps.length > 1),
    name: `seed${seed}`,
    content: { seed, ...dataSeed, data, model, lora, compute, generation, reward, memory, warmUp: settings },
    start: (key, options) =>
      startChild(comparisonWarmUp, {
        ...options,
        args: [
          {
            key,
            spec: { ...spec.run, seed },
            ...dataSeed,
            controls: controlsOf(comparison),
            methods: spec.methods,
          },
        ],
      }),
  });
  if (!result) return undefined;
  const { work, ...shared } = result;
  state.starts[seed] = shared;
  return shared;
}

async function trainRewardModelOnce(
  comparison: Comparison,
  seed: number,
  { data, start, memory }: SharedStart,
): Promise<CheckpointRef | undefined> {
  const { spec, state, run } = comparison;
  const ready = state.rewardModels[seed];
  if (ready || !hasRewardModel(spec)) return ready;
  const { rewardModel, generation, reward } = spec.run;
  const result = await run(places(spec, { model: 'warmUp', warmUp: seed }).first, {
    unit: 'reward-model',
    title: spec.warmUps.length > 1 ? `reward model ${seed}` : 'reward model',
    name: `seed${seed}`,
    content: { seed, rewardModel, generation, reward, data, start, memory },
    start: (key, options) =>
      startChild(comparisonRewardModel, {
        ...options,
        args: [{ key, spec: { ...spec.run, seed }, controls: controlsOf(comparison), data, start, memory }],
      }),
  });
  if (result) state.rewardModels[seed] = result.checkpoint;
  return result?.checkpoint;
}

async function train(
  comparison: Comparison,
  shared: SharedStart,
  member: TrainedMember,
): Promise<CheckpointRef | undefined> {
  const { spec, state, run, show } = comparison;
  const { model: method, seed } = member;
  const key = memberKey(member);
  const ready = state.trained[key];
  if (ready) return ready.checkpoint;
  const own = childSpec(spec, seed, method);
  const settings = own[methods[method].section];
  const { samplesPerQuestion, ...validation } = own.evaluation;
  const result = await run(places(spec, member).later, {
    unit: 'training',
    title: trainingTitle(member, spec.warmUps.length > 1),
    name: `${method}-seed${seed}`,
    content: {
      ...{ seed, method, settings, validation, generation: own.generation, reward: own.reward, ...shared },
      ...(own.difficulty === null || method === 'sft' ? {} : { difficulty: own.difficulty }),
    },
    start: (keptUnder, options) =>
      startChild(comparisonTraining, {
        ...options,
        args: [{ key: keptUnder, spec: own, controls: controlsOf(comparison), ...shared }],
      }),
  });
  if (!result) return undefined;
  const { work, difficulty: _, ...trained } = result;
  state.trained[key] = trained;
  show();
  return trained.checkpoint;
}

async function evaluate(
  comparison: Comparison,
  { data, rewardModel, memory }: Shared,
  member: Member,
  checkpoint: CheckpointRef,
): Promise<void> {
  const { spec, state, run, show } = comparison;
  const { model } = member;
  // Its samples differ from those of the other models of a warm-up where its seed does.
  const seed = model === 'warmUp' ? member.warmUp : member.seed;
  const key = memberKey(member);
  if (state.evaluated[key]) return;
  const own = { ...spec.run, seed };
  const { samplesPerQuestion: samples } = own.evaluation;
  const scoredBy = rewardModel ? { rewardModel } : {};
  const result = await run(places(spec, member).first, {
    unit: 'evaluation',
    title: `evaluation of ${trainingTitle(member, spec.warmUps.length > 1)}`,
    name: `${model}-seed${seed}`,
    content: { seed, samples, generation: own.generation, reward: own.reward, data, checkpoint, memory, ...scoredBy },
    start: (keptUnder, options) =>
      startChild(comparisonEvaluation, {
        ...options,
        args: [
          {
            key: keptUnder,
            spec: own,
            controls: controlsOf(comparison),
            data,
            checkpoint,
            memory,
            ...scoredBy,
            name: modelTitle(model),
          },
        ],
      }),
  });
  if (!result) return;
  const { metrics, verdicts } = result;
  state.evaluated[key] = { metrics, verdicts };
  show();
}
