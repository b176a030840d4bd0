/** The optimiser steps of a round of policy training, and what their metrics come to: PPO, GRPO and RLOO alike. */
import type { ScheduledOptimiser } from '../optim/index.js';
import { float32, int64 } from '../ort/tensors.js';
import type { TokenSequence } from './layout.js';
import { layOutAnswers, sequenceFeeds } from './layout.js';
import type { Trainer } from './trainer.js';

export interface PolicyRound {
  readonly rollouts: readonly TokenSequence[];
  /** For each step, the rollouts it takes. */
  readonly miniBatches: readonly (readonly number[])[];
  readonly optimiser: Pick<ScheduledOptimiser, 'learningRates'>;
}

/** An answer's numbers: one a token, or one for all of them. */
export type PerToken = ArrayLike<number> | number;

export interface PolicySteps {
  /** Means over the steps. */
  readonly metrics: {
    readonly policyLoss: number;
    readonly clipFraction: number;
    readonly ratio: number;
    /** Of all steps. */
    readonly largestRatio: number;
    readonly approximateKl: number;
    readonly gradientNorm: number;
  };
  /** Mean over the steps of another metric of the objective. */
  readonly mean: (name: string) => number;
  readonly tokens: number;
}

/**
 * One AdamW step for each mini-batch.
 *
 * @param inputsOf the objective's inputs for each rollout of a mini-batch, by name.
 * @param onStep called after each with the rollouts it took.
 */
export async function takePolicySteps(
  trainer: Trainer,
  { rollouts, miniBatches, optimiser }: PolicyRound,
  inputsOf: (miniBatch: readonly number[]) => readonly Readonly<Record<string, PerToken>>[],
  onStep: (rollouts: number) => void,
): Promise<PolicySteps> {
  const totals: Record<string, number> = {};
  let [largestRatio, tokens] = [0, 0];
  for (const [index, miniBatch] of miniBatches.entries()) {
    const sequences = miniBatch.flatMap((rollout) => rollouts[rollout] ?? []);
    const inputs = inputsOf(miniBatch);
    const microBatches = trainer.split(sequences).map((places) =>
      policyFeeds(
        places.flatMap((place) => sequences[place] ?? []),
        places.map((place) => inputs[place] ?? {}),
      ),
    );
    const metrics = await trainer.step(microBatches, optimiser.learningRates[index] ?? 0);
    for (const [name, value] of Object.entries(metrics)) totals[name] = (totals[name] ?? 0) + value;
    largestRatio = Math.max(largestRatio, metrics.largest_ratio ?? 0);
    for (const feeds of microBatches) tokens += feeds.tokens.size;
    onStep(miniBatch.length);
  }
  const mean = (name: string): number => (totals[name] ?? 0) / Math.max(1, miniBatches.length);
  return {
    metrics: {
      policyLoss: mean('policy_loss'),
      clipFraction: mean('clip_fraction'),
      ratio: mean('ratio'),
      largestRatio,
      approximateKl: mean('approximate_kl'),
      gradientNorm: mean('gradient_norm'),
    },
    mean,
    tokens,
  };
}

/** Feeds of a micro-batch: `sequenceFeeds`, labels, and each of the named inputs laid flat, `[answers]`. */
function policyFeeds(sequences: readonly TokenSequence[], inputs: readonly Readonly<Record<string, PerToken>>[]) {
  const layout = layOutAnswers(sequences);
  const answers = layout.labels.length;
  const flat = (name: string): Float32Array => {
    const data = new Float32Array(answers);
    let start = 0;
    layout.answerLengths.forEach((length, row) => {
      const values = inputs[row]?.[name] ?? 0;
      if (typeof values === 'number') data.fill(values, start, start + length);
      else data.set(values, start);
      start += length;
    });
    return data;
  };
  const named = Object.keys(inputs[0] ?? {}).map((name) => [name, float32(flat(name), [answers])] as const);
  return { ...sequenceFeeds(layout), labels: int64(layout.labels, [answers]), ...Object.fromEntries(named) };
}
