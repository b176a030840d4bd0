/**
 * The task `trainPolicy`: one round of ReFT's PPO on scored rollouts.
 *
 * Old and reference log-probabilities and old values → KL-penalised rewards → advantages, whitened over the whole batch →
 * the given mini-batches, one AdamW step each.
 */

import { TaskCancelled } from '../../errors.js';
import type { ScheduledOptimiser } from '../optim/index.js';
import { explainedVariance, rolloutDiagnostics } from '../rl/diagnostics.js';
import { generalisedAdvantages, tokenRewards, whiten } from '../rl/gae.js';
import type { PolicyMetrics } from '../rl/metrics.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import { valueHeadShapes } from '../training/graphs.js';
import type { TokenSequence } from '../training/layout.js';
import { takePolicySteps } from '../training/policySteps.js';
import { type AnswerScores, scoreAnswers } from '../training/scoreAnswers.js';
import { createTrainer } from '../training/trainer.js';
import type { ModelFiles } from '../weights/modelFiles.js';

/** One PPO batch: log-probabilities, values, KL, GAE, whitening, then `passes` × mini-batches of AdamW. */
export interface TrainPolicyTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly reference: ModelFiles;
    readonly rollouts: readonly (TokenSequence & { readonly reward: number; readonly logProbs: readonly number[] })[];
    /** For each optimiser step, the rollouts it takes (indices), and its learning rate in `optimiser`. */
    readonly miniBatches: readonly (readonly number[])[];
    readonly optimiser: ScheduledOptimiser;
    readonly klCoefficient: number;
    readonly valueCoefficient: number;
    readonly gamma: number;
    readonly lambda: number;
    readonly clipRange: number;
    readonly valueClipRange: number;
    readonly outputDirectory: string;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly metrics: PolicyMetrics;
    readonly work: EngineWork;
  };
}

type Input = TrainPolicyTask['input'];

/** Everything PPO needs of one rollout; arrays have one entry an answer token. */
interface PreparedRollout {
  readonly old: AnswerScores;
  readonly advantages: Float64Array;
  readonly returns: Float64Array;
}

export const trainPolicy: TaskFunction<TrainPolicyTask> = async (task, context) => {
  const started = performance.now();
  const { model, rollouts, miniBatches, optimiser } = task;
  const units = 2 * rollouts.length + miniBatches.reduce((total, batch) => total + batch.length, 0);
  let done = 0;
  const advance = (count: number): void => {
    if (context.isCancelled()) throw new TaskCancelled('trainPolicy was cancelled');
    done += count;
    context.onProgress(done, units);
  };
  const old = await scoreAnswers(model, rollouts, { entropies: true });
  advance(rollouts.length);
  const reference = await scoreAnswers(task.reference, rollouts);
  advance(rollouts.length);
  const prepared = prepareRollouts(task, old, reference);

  const loss = {
    clipRange: task.clipRange,
    valueClipRange: task.valueClipRange,
    valueCoefficient: task.valueCoefficient,
  };
  const lora = model.adapters?.lora;
  const trainer = await createTrainer(
    { objective: 'policy', config: model.config, lora, loss },
    model,
    optimiser,
    // The value head starts at zero.
    { shapes: valueHeadShapes(model.config), create: (_, shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)) },
  );
  const steps = await takePolicySteps(trainer, task, (miniBatch) => policyInputs(prepared, miniBatch), advance);
  const scoredTokens = 2 * rollouts.reduce((total, { prompt, answer }) => total + prompt.length + answer.length - 1, 0);
  return {
    files: await trainer.save(task.outputDirectory),
    metrics: {
      ...steps.metrics,
      valueLoss: steps.mean('value_loss'),
      ...rolloutMetrics(task, prepared, reference),
    },
    work: {
      seconds: (performance.now() - started) / 1000,
      forwardTokens: scoredTokens + steps.tokens,
      backwardTokens: steps.tokens,
      generatedTokens: 0,
    },
  };
};

/** Rewards, advantages and returns of every rollout, advantages whitened over all answer tokens together. */
function prepareRollouts(
  task: Input,
  old: readonly AnswerScores[],
  reference: readonly AnswerScores[],
): readonly PreparedRollout[] {
  const estimates = task.rollouts.flatMap((rollout, index) => {
    const scores = old[index];
    const referenceScores = reference[index];
    if (!scores || !referenceScores) return [];
    const rewards = tokenRewards(rollout.reward, scores.logProbs, referenceScores.logProbs, task.klCoefficient);
    return [{ old: scores, ...generalisedAdvantages(rewards, scores.values, task.gamma, task.lambda) }];
  });
  const whitened = whiten(Float64Array.from(estimates.flatMap(({ advantages }) => [...advantages])));
  let start = 0;
  return estimates.map((estimate) => {
    const end = start + estimate.advantages.length;
    const advantages = whitened.slice(start, end);
    start = end;
    return { ...estimate, advantages };
  });
}

/** The loss's inputs for a mini-batch's rollouts: each weighs the same, and every token within it. */
function policyInputs(prepared: readonly PreparedRollout[], miniBatch: readonly number[]) {
  return miniBatch
    .flatMap((index) => prepared[index] ?? [])
    .map(({ old, advantages, returns }) => ({
      old_log_probs: old.logProbs,
      old_values: old.values,
      advantages,
      returns,
      weights: 1 / (advantages.length * miniBatch.length),
    }));
}

/** What the round's rollouts say of themselves, before any update. */
function rolloutMetrics(task: Input, prepared: readonly PreparedRollout[], reference: readonly AnswerScores[]) {
  const answers = prepared.map(({ old }, index) => ({
    ...old,
    referenceLogProbs: reference[index]?.logProbs ?? [],
    sampledLogProbs: task.rollouts[index]?.logProbs ?? [],
  }));
  const { klPerToken = 0, klPerSequence = 0, ...metrics } = rolloutDiagnostics(answers);
  return {
    ...metrics,
    klPerToken,
    klPerSequence,
    klPenalty: task.klCoefficient * klPerSequence,
    explainedVariance: explainedVariance(
      prepared.flatMap(({ returns }) => [...returns]),
      prepared.flatMap(({ old }) => [...old.values]),
    ),
  };
}
