/** Before the first step of training: what the steps will need in memory, shown to whoever watches the run. */

import type { PreparedData } from '../../activities/data/types.js';
import type { PlannedStep } from '../../activities/engine/tasks/planTraining.js';
import type { TrainingPlan } from '../../activities/planTraining.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import { partSettings } from '../config/algorithms.js';
import { isPolicyMethod, type MethodName, methods } from '../config/methods.js';
import type { OptimiserSpec } from '../config/optimiser.js';
import type { RewardModelSpec } from '../config/rewardModel.js';
import type { AnsweringSpec, Spec } from '../config/spec.js';
import type { Journal } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { engine } from './activities.js';

/** Sets the journal's note on memory. What cannot fit fails here, with `InsufficientMemory`. */
export async function planTraining(
  journal: Journal,
  checkpoint: CheckpointRef,
  steps: readonly PlannedStep[],
): Promise<void> {
  const plan = await engine.planTraining.executeWithOptions({ summary: 'memory that training needs' }, [
    { checkpoint, steps },
  ]);
  journal.memory = describePlan(plan);
  showProgress(journal);
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

/** Tokens of the longest sequence with an annotated answer, and with a sampled one. */
function longest({ generation: { maxAnswerTokens } }: AnsweringSpec, { longestPrompt, longestAnswer }: PreparedData) {
  return {
    annotated: { promptTokens: longestPrompt, answerTokens: longestAnswer },
    sampled: { promptTokens: longestPrompt, answerTokens: maxAnswerTokens },
  };
}

/** `A training step takes at most 0.4 GiB (warm-up), 1.2 GiB (PPO, in 2 parts); training may take 7.8 of 15.6 GiB.` */
export function describePlan({ steps, usableBytes, machineBytes }: TrainingPlan): string {
  const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1);
  const needs = steps.map(({ name, bytes, microBatches }) => {
    const parts = microBatches > 1 ? `, in ${microBatches} parts` : '';
    return `${gibibytes(bytes)} GiB (${name}${parts})`;
  });
  return `A training step takes at most ${needs.join(', ')}; training may take ${gibibytes(usableBytes)} of the machine's ${gibibytes(machineBytes)} GiB.`;
}
