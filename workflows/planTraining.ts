/** Before the first step of training: what the steps will need in memory, shown to whoever watches the run. */
import type { CheckpointRef, PlannedStep, PreparedData, TrainingPlan } from '../activities/contracts.js';
import { engine } from './activityOptions.js';
import { showProgress } from './progress.js';
import type { RunState } from './run.js';
import { methods } from './spec/methods.js';
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
    ...methodStep(spec, annotated, sampled),
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

type Lengths = Pick<PlannedStep, 'promptTokens' | 'answerTokens'>;

/** The steps of the run's method; SFT's are planned for already. */
function methodStep(spec: Spec, annotated: Lengths, sampled: Lengths): readonly PlannedStep[] {
  const { method, ppo, groupPolicy, onlineSelfTraining, expertIteration, offlineSelfTraining } = spec;
  const name = method === 'reft' ? 'PPO' : methods[method].title;
  const mixed = {
    promptTokens: sampled.promptTokens,
    answerTokens: Math.max(annotated.answerTokens, sampled.answerTokens),
  };
  if (method === 'reft' && ppo) return [{ name, objective: 'policy', sequences: ppo.miniBatch, ...sampled }];
  if ((method === 'grpo' || method === 'rloo') && groupPolicy)
    return [{ name, objective: 'groupPolicy', sequences: groupPolicy.miniBatch, ...sampled }];
  const samples =
    method === 'online-self-training' ? onlineSelfTraining : method === 'expert-iteration' ? expertIteration : null;
  // Each question with its samples and its annotated answer.
  if (samples) {
    const sequences = samples.miniBatch * (samples.samplesPerQuestion + 1);
    return [{ name, objective: 'supervised', sequences, ...mixed }];
  }
  if (method === 'offline-self-training' && offlineSelfTraining)
    return [{ name, objective: 'supervised', sequences: offlineSelfTraining.batchSize, ...mixed }];
  return [];
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
