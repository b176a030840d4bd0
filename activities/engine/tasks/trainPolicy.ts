/**
 * The task `trainPolicy`: one round of ReFT's PPO on scored rollouts.
 *
 * Old and reference log-probabilities and old values → KL-penalised rewards → advantages, whitened over the whole batch →
 * the given mini-batches, one AdamW step each.
 */
import type { EngineTasks, TaskFunction } from '../api.js';
import { generalisedAdvantages, tokenRewards, whiten } from '../losses/advantages.js';
import { explainedVariance, rolloutDiagnostics } from '../losses/diagnostics.js';
import { TaskCancelled } from '../runtime/errors.js';
import { float32, int64 } from '../runtime/tensors.js';
import { layOutAnswers, sequenceFeeds } from '../training/layout.js';
import { policyObjective, valueHeadShapes } from '../training/programs.js';
import { type AnswerScores, scoreAnswers } from '../training/scoreAnswers.js';
import { adamWOptions, createTrainer, type Feeds } from '../training/trainer.js';

type Input = EngineTasks['trainPolicy']['input'];

/** Everything PPO needs of one rollout; arrays have one entry an answer token. */
interface PreparedRollout {
  readonly old: AnswerScores;
  readonly advantages: Float64Array;
  readonly returns: Float64Array;
}

export const trainPolicy: TaskFunction<'trainPolicy'> = async (task, context) => {
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

  const ppo = {
    clipRange: task.clipRange,
    valueClipRange: task.valueClipRange,
    valueCoefficient: task.valueCoefficient,
  };
  const lora = model.adapters?.lora;
  const trainer = await createTrainer(
    {
      key: `policy ${JSON.stringify([model.config, ppo, lora])}`,
      build: () => policyObjective(model.config, ppo, lora),
    },
    model,
    adamWOptions(optimiser),
    // The value head starts at zero.
    { shapes: valueHeadShapes(model.config), create: (_, shape) => new Float32Array(shape.reduce((a, b) => a * b, 1)) },
  );
  const totals: Record<string, number> = {};
  let largestRatio = 0;
  let trainedTokens = 0;
  for (const [index, miniBatch] of miniBatches.entries()) {
    const groups = trainer.split(miniBatch.flatMap((rollout) => rollouts[rollout] ?? []));
    const microBatches = groups.map((group) =>
      policyFeeds(
        rollouts,
        prepared,
        group.flatMap((place) => miniBatch[place] ?? []),
        miniBatch.length,
      ),
    );
    const metrics = await trainer.step(microBatches, optimiser.learningRates[index] ?? 0);
    for (const [name, value] of Object.entries(metrics)) totals[name] = (totals[name] ?? 0) + value;
    largestRatio = Math.max(largestRatio, metrics.largest_ratio ?? 0);
    for (const feeds of microBatches) trainedTokens += feeds.tokens.size;
    advance(miniBatch.length);
  }
  const mean = (name: string): number => (totals[name] ?? 0) / Math.max(1, miniBatches.length);
  const scoredTokens = 2 * rollouts.reduce((total, { prompt, answer }) => total + prompt.length + answer.length - 1, 0);
  return {
    files: await trainer.save(task.outputDirectory),
    metrics: {
      policyLoss: mean('policy_loss'),
      valueLoss: mean('value_loss'),
      clipFraction: mean('clip_fraction'),
      ratio: mean('ratio'),
      largestRatio,
      approximateKl: mean('approximate_kl'),
      gradientNorm: mean('gradient_norm'),
      ...rolloutMetrics(task, prepared, reference),
    },
    work: {
      seconds: (performance.now() - started) / 1000,
      forwardTokens: scoredTokens + trainedTokens,
      backwardTokens: trainedTokens,
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
    return [{ old: scores, ...generalisedAdvantages(rewards, scores.values, task.discount, task.gaeLambda) }];
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

/** The chosen rollouts of a mini-batch of `count`: each weighs the same, and every token within it. */
function policyFeeds(
  rollouts: Input['rollouts'],
  prepared: readonly PreparedRollout[],
  chosen: readonly number[],
  count: number,
) {
  const details = chosen.flatMap((index) => prepared[index] ?? []);
  const layout = layOutAnswers(chosen.flatMap((index) => rollouts[index] ?? []));
  const answers = layout.labels.length;
  const flat = (values: (rollout: PreparedRollout) => Iterable<number>) =>
    float32(Float32Array.from(details.flatMap((rollout) => [...values(rollout)])), [answers]);
  const weights = layout.answerLengths.flatMap((length) => new Array<number>(length).fill(1 / (length * count)));
  return {
    ...sequenceFeeds(layout),
    labels: int64(layout.labels, [answers]),
    old_log_probs: flat(({ old }) => old.logProbs),
    old_values: flat(({ old }) => old.values),
    advantages: flat(({ advantages }) => advantages),
    returns: flat(({ returns }) => returns),
    weights: float32(Float32Array.from(weights), [answers]),
  } satisfies Feeds;
}

/** What the round's rollouts say of themselves, before any update. */
function rolloutMetrics(task: Input, prepared: readonly PreparedRollout[], reference: readonly AnswerScores[]) {
  const answers = prepared.map(({ old }, index) => ({
    ...old,
    referenceLogProbs: reference[index]?.logProbs ?? [],
    sampledLogProbs: task.rollouts[index]?.logProbs ?? [],
  }));
  const { klPerToken = 0, klPerSequence = 0, ...figures } = rolloutDiagnostics(answers);
  return {
    ...figures,
    klPerToken,
    klPerSequence,
    klPenalty: task.klCoefficient * klPerSequence,
    explainedVariance: explainedVariance(
      prepared.flatMap(({ returns }) => [...returns]),
      prepared.flatMap(({ old }) => [...old.values]),
    ),
  };
}
