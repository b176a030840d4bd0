/** The task `trainSupervised`: cross-entropy on answers, one optimiser step a batch. Warm-up and SFT are made of it. */

import { TaskCancelled } from '../../errors.js';
import { at } from '../../invariant.js';
import type { ScheduledOptimiser } from '../optim/index.js';
import { float32, int64 } from '../ort/tensors.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import type { WeightedSequence } from '../training/layout.js';
import { layOutAnswers, sequenceFeeds } from '../training/layout.js';
import type { MemoryBudget } from '../training/memoryBudget.js';
import { type Feeds, metricOf } from '../training/runGraph.js';
import { type Batches, batchesIn, type SequenceFile } from '../training/sequenceFile.js';
import { createTrainer, type ScalingMetrics } from '../training/trainer.js';
import type { ModelFiles } from '../weights/modelFiles.js';

/** One optimiser step a batch, in order; `learningRates` has one entry a batch. */
export interface TrainSupervisedTask {
  readonly input: {
    readonly model: ModelFiles;
    /** Few ones, or those of a file. */
    readonly batches: readonly (readonly WeightedSequence[])[] | SequenceFile;
    readonly optimiser: ScheduledOptimiser;
    readonly outputDirectory: string;
    /** As the run was planned. */
    readonly memory?: MemoryBudget | undefined;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly loss: number;
    readonly gradientNorm: number;
    readonly scaling: ScalingMetrics;
    /** Of the attempt that succeeded, where memory had run out before. */
    readonly halvedMemory?: MemoryBudget;
    readonly work: EngineWork;
  };
}

export const trainSupervised: TaskFunction<TrainSupervisedTask> = async (
  { model, batches: given, optimiser, outputDirectory, memory },
  context,
) => {
  const started = performance.now();
  const lora = model.adapters?.lora;
  const { config, compute } = model;
  const training = { objective: 'supervised', config, lora, compute } as const;
  const trainer = await createTrainer(training, model, optimiser, undefined, memory);
  const batches: Batches<WeightedSequence> = 'path' in given ? batchesIn(given) : given;
  // Before the first step, so that what cannot fit is refused at once.
  for (const batch of batches) trainer.split(batch);
  let [lossSum, answerTokens, normSum, tokens] = [0, 0, 0, 0];
  let index = 0;
  for (const batch of batches) {
    if (context.isCancelled()) throw new TaskCancelled('trainSupervised was cancelled');
    const answers = batch.reduce((total, { answer }) => total + answer.length, 0);
    const microBatches = trainer.split(batch).map((group) =>
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
    index += 1;
    context.onProgress(index, batches.length);
  }
  return {
    files: await trainer.save(outputDirectory),
    loss: lossSum / Math.max(1, answerTokens),
    gradientNorm: normSum / Math.max(1, batches.length),
    scaling: trainer.scaling(),
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
