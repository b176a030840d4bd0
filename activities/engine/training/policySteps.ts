/** The optimiser steps of a round of policy training, and the metrics over them: the same for every algorithm. */
import { at, required } from '../../invariant.js';
import type { ScheduledOptimiser } from '../optim/index.js';
import { float32, int64 } from '../ort/tensors.js';
import type { PreparedRound, TokenInputs } from '../rl/algorithm.js';
import type { TokenSequence } from './layout.js';
import { layOutAnswers, sequenceFeeds } from './layout.js';
import type { Trainer } from './trainer.js';

export interface PolicyRound {
  readonly rollouts: readonly TokenSequence[];
  /** For each step, the rollouts it takes. */
  readonly miniBatches: readonly (readonly number[])[];
  readonly optimiser: Pick<ScheduledOptimiser, 'learningRates'>;
}

export interface PolicySteps {
  /** Of the algorithm's loss, and `gradientNorm`: means over the steps; of peaks the largest. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly tokens: number;
}

/**
 * One optimiser step for each mini-batch.
 *
 * @param inputsOf the objective's inputs for each rollout of a mini-batch, by name.
 * @param onStep called after each with the rollouts it took.
 */
export async function takePolicySteps(
  trainer: Trainer,
  { rollouts, miniBatches, optimiser }: PolicyRound,
  inputsOf: PreparedRound['inputsOf'],
  onStep: (rollouts: number) => void,
): Promise<PolicySteps> {
  const totals: Record<string, number> = {};
  let tokens = 0;
  for (const [index, miniBatch] of miniBatches.entries()) {
    const sequences = miniBatch.map((rollout) => at(rollouts, rollout));
    const inputs = inputsOf(miniBatch);
    const microBatches = trainer.split(sequences).map((places) =>
      policyFeeds(
        places.map((place) => at(sequences, place)),
        places.map((place) => at(inputs, place)),
      ),
    );
    const { loss: _, gradient_norm, ...own } = await trainer.step(microBatches, at(optimiser.learningRates, index));
    for (const [name, value] of Object.entries({
      ...own,
      gradientNorm: required(gradient_norm, 'the gradient norm'),
    })) {
      const before = totals[name];
      if (before === undefined) totals[name] = value;
      else totals[name] = trainer.peaks.includes(name) ? Math.max(before, value) : before + value;
    }
    for (const feeds of microBatches) tokens += feeds.tokens.size;
    onStep(miniBatch.length);
  }
  const metrics = Object.entries(totals).map(([name, total]) => [
    name,
    trainer.peaks.includes(name) ? total : total / miniBatches.length,
  ]);
  return { metrics: Object.fromEntries(metrics), tokens };
}

/** Feeds of a micro-batch: `sequenceFeeds`, labels, and each of the named inputs laid flat, `[answers]`. */
function policyFeeds(sequences: readonly TokenSequence[], inputs: readonly TokenInputs[]) {
  const layout = layOutAnswers(sequences);
  const answers = layout.labels.length;
  const flat = (name: string): Float32Array => {
    const data = new Float32Array(answers);
    let start = 0;
    layout.answerLengths.forEach((length, row) => {
      const values = required(at(inputs, row)[name], `the loss's input ${name}`);
      if (typeof values === 'number') data.fill(values, start, start + length);
      else data.set(values, start);
      start += length;
    });
    return data;
  };
  const named = Object.keys(at(inputs, 0)).map((name) => [name, float32(flat(name), [answers])] as const);
  return { ...sequenceFeeds(layout), labels: int64(layout.labels, [answers]), ...Object.fromEntries(named) };
}
