/** Before the first step of training: what the steps will need in memory, shown to whoever watches the run. */

import type { PreparedData } from '../../activities/data/types.js';
import type { PlannedAnswers, PlannedStep } from '../../activities/engine/tasks/planTraining.js';
import type { MemoryBudget } from '../../activities/engine/training/memoryBudget.js';
import { gibibytes } from '../../activities/gibibytes.js';
import type { TrainingPlan } from '../../activities/planTraining.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import { partSettings } from '../config/algorithms.js';
import type { MemorySpec } from '../config/memory.js';
import { isPolicyMethod, type MethodName, methods } from '../config/methods.js';
import type { OptimiserSpec } from '../config/optimiser.js';
import type { RewardModelSpec } from '../config/rewardModel.js';
import type { AnsweringSpec, Spec } from '../config/spec.js';
import type { Journal } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { engine } from './activities.js';

/**
 * Plans the memory of steps and of the longest sampled answers, and sets the journal's budget, which every later step keeps to, and its
 * note on memory. What cannot fit fails here, with `InsufficientMemory`.
 * @param memory `given` by the specification, where it says what may be taken; `before`, what the run kept to that this one goes on from
 */
export async function planTraining(
  journal: Journal,
  checkpoint: CheckpointRef,
  steps: readonly PlannedStep[],
  answers: PlannedAnswers,
  { given = null, before }: { readonly given?: MemorySpec | null; readonly before?: MemoryBudget | undefined } = {},
): Promise<void> {
  notePlan(
    journal,
    await engine.planTraining.executeWithOptions({ summary: 'memory that training needs' }, [
      { checkpoint, steps, answers, memory: budgetOf(given), ...(before ? { before } : {}) },
    ]),
  );
  showProgress(journal);
}

function notePlan(journal: Journal, plan: TrainingPlan | EarlierPlan): void {
  if ('budget' in plan) journal.budget = plan.budget;
  journal.memory = describePlan('room' in plan ? plan : { ...plan, room: { device: 'cpu', bytes: plan.machineBytes } });
}

/** What is told of a plan. */
type DescribedPlan = Pick<TrainingPlan, 'steps' | 'rollouts' | 'usableBytes' | 'room'>;

/** A plan as it stands in the histories of runs that were planned before there were budgets. */
interface EarlierPlan extends Pick<TrainingPlan, 'steps' | 'usableBytes'> {
  readonly machineBytes: number;
}

/** The specification's memory in bytes. Undefined where it is to be chosen from what there is. */
export function budgetOf(memory: MemorySpec | null): MemoryBudget | undefined {
  if (memory === null) return undefined;
  const bytes = (gibibytes: number): number => Math.round(gibibytes * 2 ** 30);
  return {
    training: bytes(memory.trainingGiB),
    microBatch: bytes(memory.microBatchGiB),
    cache: bytes(memory.rolloutGiB),
  };
}

/** The methods a run trains with: its own, and SFT beside it where it has that baseline. */
export function methodsOf({ method, sft }: Spec): readonly MethodName[] {
  return sft && method !== 'sft' ? ['sft', method] : [method];
}

/** The largest steps of the warm-up, of these methods and of the reward model: every sequence as long as the longest. */
export function plannedSteps(
  spec: Spec,
  data: PreparedData,
  methodNames: readonly MethodName[] = methodsOf(spec),
): readonly PlannedStep[] {
  const { annotated } = longest(spec, data);
  return [
    { name: 'warm-up', objective: 'supervised', ...batchOf(spec.warmUp), ...annotated },
    ...methodNames.flatMap((method) => methodStep(spec, data, method)),
    ...(spec.rewardModel && spec.evaluation.samplesPerQuestion > 0
      ? [rewardModelStep(spec, data, spec.rewardModel)]
      : []),
  ];
}

export function rewardModelStep(spec: AnsweringSpec, data: PreparedData, settings: RewardModelSpec): PlannedStep {
  return { name: 'reward model', objective: 'rewardModel', ...batchOf(settings), ...longest(spec, data).sampled };
}

function methodStep(spec: Spec, data: PreparedData, method: MethodName): readonly PlannedStep[] {
  const { annotated, sampled } = longest(spec, data);
  const mixed = { ...sampled, answerTokens: Math.max(annotated.answerTokens, sampled.answerTokens) };
  if (isPolicyMethod(method)) {
    const settings = spec[methods[method].section];
    if (settings === null) return [];
    const { rounds, algorithm } = partSettings(methods[method].algorithm, settings);
    const { optimiser, miniBatch: sequences } = rounds;
    return [{ name: methods[method].training, objective: 'policy', algorithm, optimiser, sequences, ...sampled }];
  }
  const name = methods[method].title;
  const settings = spec[methods[method].section];
  if (settings === null) return [];
  // Each question with its samples and its annotated answer.
  if ('miniBatch' in settings) {
    const sequences = settings.miniBatch * (settings.samplesPerQuestion + 1);
    return [{ name, objective: 'supervised', optimiser: settings.optimiser, sequences, ...mixed }];
  }
  const lengths = method === 'sft' ? annotated : mixed;
  return [{ name, objective: 'supervised', ...batchOf(settings), ...lengths }];
}

function batchOf({ optimiser, batchSize }: { readonly optimiser: OptimiserSpec; readonly batchSize: number }) {
  return { optimiser, sequences: batchSize };
}

/** The longest answers that are sampled. */
export function longestAnswers(spec: AnsweringSpec, data: PreparedData): PlannedAnswers {
  return longest(spec, data).sampled;
}

/** Tokens of the longest sequence with an annotated answer, and with a sampled one. */
function longest({ generation: { maxAnswerTokens } }: AnsweringSpec, { longestPrompt, longestAnswer }: PreparedData) {
  return {
    annotated: { promptTokens: longestPrompt, answerTokens: longestAnswer },
    sampled: { promptTokens: longestPrompt, answerTokens: maxAnswerTokens },
  };
}

/** `A training step takes at most 0.41 GiB (warm-up), 1.2 GiB (PPO, in 2 parts); training may take 7.8 GiB of the machine's 15.6 GiB.` */
export function describePlan({ steps, rollouts, usableBytes, room }: DescribedPlan): string {
  const needs = steps.map(({ name, bytes, microBatches }) => {
    const parts = microBatches > 1 ? `, in ${microBatches} parts` : '';
    return `${gibibytes(bytes)} (${name}${parts})`;
  });
  const owner = room.device === 'cuda' ? 'GPU' : 'machine';
  const decoded =
    rollouts === undefined
      ? ''
      : ` ${rollouts.rows} answers are decoded at once, their cache takes ${gibibytes(rollouts.cacheBytes)}.`;
  return `A training step takes at most ${needs.join(', ')}; training may take ${gibibytes(usableBytes)} of the ${owner}'s ${gibibytes(room.bytes)}.${decoded}`;
}
