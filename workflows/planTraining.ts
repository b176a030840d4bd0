/** Before the first step of training: what the steps will need in memory, shown to whoever watches the run. */
import type { CheckpointRef, PlannedStep, PreparedData, TrainingPlan } from '../activities/contracts.js';
import { engine } from './activityOptions.js';
import { showProgress } from './progress.js';
import type { RunState } from './run.js';
import type { Spec } from './spec/schema.js';

/** Sets the journal's note on memory. A run that cannot fit fails here, with `InsufficientMemory`. */
export async function planTraining(run: RunState, data: PreparedData, model: CheckpointRef): Promise<void> {
  const plan = await engine.planTraining.executeWithOptions({ summary: 'memory that training needs' }, [
    { checkpoint: model, steps: plannedSteps(run.spec, data) },
  ]);
  run.journal.memory = describePlan(plan);
  showProgress(run.journal);
}

/** The largest steps the specification asks for: every sequence as long as the longest. */
export function plannedSteps(spec: Spec, data: PreparedData): readonly PlannedStep[] {
  const annotated = { promptTokens: data.longestPrompt, answerTokens: data.longestAnswer };
  const sampled = { promptTokens: data.longestPrompt, answerTokens: spec.generation.maxAnswerTokens };
  return [
    { name: 'warm-up', objective: 'supervised', sequences: spec.warmUp.batchSize, ...annotated },
    ...(spec.sft
      ? [{ name: 'SFT', objective: 'supervised', sequences: spec.sft.batchSize, ...annotated } as const]
      : []),
    ...(spec.method === 'reft'
      ? [{ name: 'PPO', objective: 'policy', sequences: spec.ppo.miniBatch, ...sampled } as const]
      : []),
    ...(spec.rewardModel && spec.evaluation.samplesPerQuestion > 0
      ? [
          {
            name: 'reward model',
            objective: 'rewardModel',
            sequences: spec.rewardModel.batchSize,
            ...sampled,
          } as const,
        ]
      : []),
  ];
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
