/** The task `trainSupervised`: cross-entropy on answers, one optimiser step a batch. Warm-up and SFT are made of it. */

import { TaskCancelled } from '../../errors.js';
import { at } from '../../invariant.js';
import type { ScheduledOptimiser } from '../optim/index.js';
import { float32, int64 } from '../ort/tensors.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import type { WeightedSequence } from '../training/layout.js';
import { layOutAnswers, sequenceFeeds } from '../training/layout.js';
import { type Feeds, metricOf } from '../training/runGraph.js';
import { createTrainer } from '../training/trainer.js';
import type { ModelFiles } from '../weights/modelFiles.js';

/** One optimiser step a batch, in order; `learningRates` has one entry a batch. */
export interface TrainSupervisedTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly batches: readonly (readonly WeightedSequence[])[];
    readonly optimiser: ScheduledOptimiser;
    readonly outputDirectory: string;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly loss: number;
    readonly gradientNorm: number;
    readonly work: EngineWork;
  };
}

export const trainSupervised: TaskFunction<TrainSupervisedTask> = async (
  { model, batches, optimiser, outputDirectory },
  context,
) => {
  const started = performance.now();
  const lora = model.adapters?.lora;
  const trainer = await createTrainer({ objective: 'supervised', config: model.config, lora }, model, optimiser);
  // Before the first step, so that what cannot fit is refused at once.
  const splits = batches.map(trainer.split);
  let [lossSum, answerTokens, normSum, tokens] = [0, 0, 0, 0];
  for (const [index, batch] of batches.entries()) {
    if (context.isCancelled()) throw new TaskCancelled('trainSupervised was cancelled');
    const answers = batch.reduce((total, { answer }) => total + answer.length, 0);
    const microBatches = at(splits, index).map((group) =>
      supervisedFeeds(
        group.map((sequence) => at(batch, sequence)),
        answers,
      ),
    );
    const metrics = await trainer.step(microBatches, at(optimiser.learningRates, index));
    lossSum += metricOf(metrics, 'loss') * answers;
    normSum += metricOf(metrics, 'gradient_norm');
    answerTokens += answers;
    for (const feeds of microBatches) tokens += feeds.tokens.size;
    context.onProgress(index + 1, batches.length);
  }
  return {
    files: await trainer.save(outputDirectory),
    loss: lossSum / Math.max(1, answerTokens),
    gradientNorm: normSum / Math.max(1, batches.length),
    work: {
      seconds: (performance.now() - started) / 1000,
      forwardTokens: tokens,
      backwardTokens: tokens,
      generatedTokens: 0,
    },
  };
};

/** Sequences of a batch that has `answers` answer tokens in all, which weigh the same where nothing else is said. */
export function supervisedFeeds(sequences: readonly WeightedSequence[], answers: number) {
  const layout = layOutAnswers(sequences);
  const count = layout.labels.length;
  const weights = sequences.flatMap(({ answer, tokenWeight = 1 / answers }) => answer.map(() => tokenWeight));
  return {
    ...sequenceFeeds(layout),
    labels: int64(layout.labels, [count]),
    weights: float32(Float32Array.from(weights), [count]),
  } satisfies Feeds;
}
