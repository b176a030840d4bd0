/**
 * The task `trainGroupPolicy`: one round of GRPO or RLOO on scored rollouts, several to each question.
 *
 * Old and reference log-probabilities → scores, less a KL penalty where it is in the reward → advantages within each question's
 * answers → the given mini-batches, one AdamW step each.
 */
import type { EngineTasks, TaskFunction } from '../api.js';
import { groupAdvantages, mixedShare } from '../losses/groupAdvantages.js';
import { tokenWeights } from '../losses/normalisation.js';
import { TaskCancelled } from '../runtime/errors.js';
import { float32, int64 } from '../runtime/tensors.js';
import { layOutAnswers, sequenceFeeds } from '../training/layout.js';
import { groupPolicyObjective } from '../training/programs.js';
import { type AnswerScores, scoreAnswers } from '../training/scoreAnswers.js';
import { adamWOptions, createTrainer, type Feeds } from '../training/trainer.js';

type Input = EngineTasks['trainGroupPolicy']['input'];

/** Everything the loss needs of one rollout; arrays have one entry an answer token. */
interface PreparedRollout {
  readonly oldLogProbs: Float32Array;
  readonly referenceLogProbs: Float32Array;
  readonly advantage: number;
}

export const trainGroupPolicy: TaskFunction<'trainGroupPolicy'> = async (task, context) => {
  const started = performance.now();
  const { model, rollouts, miniBatches, optimiser } = task;
  const units = 2 * rollouts.length + miniBatches.reduce((total, batch) => total + batch.length, 0);
  let done = 0;
  const advance = (count: number): void => {
    if (context.isCancelled()) throw new TaskCancelled('trainGroupPolicy was cancelled');
    done += count;
    context.onProgress(done, units);
  };
  const old = await scoreAnswers(model, rollouts);
  advance(rollouts.length);
  const reference = await scoreAnswers(task.reference, rollouts);
  advance(rollouts.length);
  const prepared = prepareRollouts(task, old, reference);

  const loss = { clipRange: task.clipRange, klCoefficient: task.klPlacement === 'loss' ? task.klCoefficient : 0 };
  const lora = model.adapters?.lora;
  const trainer = await createTrainer(
    {
      key: `group policy ${JSON.stringify([model.config, loss, lora])}`,
      build: () => groupPolicyObjective(model.config, loss, lora),
    },
    model,
    adamWOptions(optimiser),
  );
  const totals: Record<string, number> = {};
  let trainedTokens = 0;
  for (const [index, miniBatch] of miniBatches.entries()) {
    const batch = miniBatch.flatMap((rollout) => rollouts[rollout] ?? []);
    const lengths = batch.map(({ answer }) => answer.length);
    const weights = tokenWeights(task.normalisation, lengths, task.maxAnswerTokens);
    const shares = tokenWeights('sequence', lengths, task.maxAnswerTokens);
    const microBatches = trainer
      .split(batch)
      .map((places) => groupPolicyFeeds(task, prepared, miniBatch, { weights, shares }, places));
    const metrics = await trainer.step(microBatches, optimiser.learningRates[index] ?? 0);
    for (const [name, value] of Object.entries(metrics)) totals[name] = (totals[name] ?? 0) + value;
    for (const feeds of microBatches) trainedTokens += feeds.tokens.size;
    advance(miniBatch.length);
  }
  const mean = (name: string): number => (totals[name] ?? 0) / Math.max(1, miniBatches.length);
  const scoredTokens = 2 * rollouts.reduce((total, { prompt, answer }) => total + prompt.length + answer.length - 1, 0);
  return {
    files: await trainer.save(task.outputDirectory),
    metrics: {
      policyLoss: mean('policy_loss'),
      klLoss: mean('kl_loss'),
      clipFraction: mean('clip_fraction'),
      ratio: mean('ratio'),
      gradientNorm: mean('gradient_norm'),
      mixedGroups: mixedShare(
        rollouts.map(({ reward }) => reward),
        rollouts.map(({ group }) => group),
      ),
      ...rolloutMetrics(task, old, reference),
    },
    work: {
      seconds: (performance.now() - started) / 1000,
      forwardTokens: scoredTokens + trainedTokens,
      backwardTokens: trainedTokens,
      generatedTokens: 0,
    },
  };
};

function prepareRollouts(
  task: Input,
  old: readonly AnswerScores[],
  reference: readonly AnswerScores[],
): readonly PreparedRollout[] {
  const penalty = task.klPlacement === 'reward' ? task.klCoefficient : 0;
  const scores = task.rollouts.map(({ reward }, index) => {
    const referenceLogProbs = reference[index]?.logProbs ?? [];
    const logProbs = old[index]?.logProbs ?? new Float32Array();
    return reward - penalty * logProbs.reduce((kl, own, token) => kl + own - (referenceLogProbs[token] ?? 0), 0);
  });
  const groups = task.rollouts.map(({ group }) => group);
  const advantages = groupAdvantages(scores, groups, { baseline: task.baseline, scale: task.scaleAdvantages });
  return advantages.map((advantage, index) => ({
    advantage,
    oldLogProbs: old[index]?.logProbs ?? new Float32Array(),
    referenceLogProbs: reference[index]?.logProbs ?? new Float32Array(),
  }));
}

/** The rollouts at `places` of a mini-batch, whose answers have `weights` and `shares` a token. */
function groupPolicyFeeds(
  { rollouts }: Input,
  prepared: readonly PreparedRollout[],
  miniBatch: readonly number[],
  { weights, shares }: { readonly weights: readonly number[]; readonly shares: readonly number[] },
  places: readonly number[],
) {
  const chosen = places.flatMap((place) => miniBatch[place] ?? []);
  const details = chosen.flatMap((index) => prepared[index] ?? []);
  const layout = layOutAnswers(chosen.flatMap((index) => rollouts[index] ?? []));
  const answers = layout.labels.length;
  const tokens = (values: readonly ArrayLike<number>[]) =>
    float32(Float32Array.from(values.flatMap((own) => Array.from(own))), [answers]);
  /** One value an answer, at each of its tokens. */
  const spread = (values: readonly number[]) =>
    tokens(layout.answerLengths.map((length, row) => new Array<number>(length).fill(values[row] ?? 0)));
  return {
    ...sequenceFeeds(layout),
    labels: int64(layout.labels, [answers]),
    old_log_probs: tokens(details.map(({ oldLogProbs }) => oldLogProbs)),
    reference_log_probs: tokens(details.map(({ referenceLogProbs }) => referenceLogProbs)),
    advantages: spread(details.map(({ advantage }) => advantage)),
    weights: spread(places.map((place) => weights[place] ?? 0)),
    shares: spread(places.map((place) => shares[place] ?? 0)),
  } satisfies Feeds;
}

/** What the round's rollouts say of themselves, before any update. */
function rolloutMetrics({ rollouts }: Input, old: readonly AnswerScores[], reference: readonly AnswerScores[]) {
  let [tokens, kl, entropy, mismatch] = [0, 0, 0, 0];
  old.forEach(({ logProbs, entropies }, index) => {
    logProbs.forEach((logProb, token) => {
      tokens++;
      kl += logProb - (reference[index]?.logProbs[token] ?? 0);
      entropy += entropies[token] ?? 0;
      mismatch = Math.max(mismatch, Math.abs(logProb - (rollouts[index]?.logProbs[token] ?? logProb)));
    });
  });
  const sequences = Math.max(1, rollouts.length);
  return {
    klPerToken: kl / Math.max(1, tokens),
    klPerSequence: kl / sequences,
    entropy: entropy / Math.max(1, tokens),
    answerLength: tokens / sequences,
    samplerMismatch: mismatch,
  };
}
