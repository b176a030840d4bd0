/** The task `trainRewardModel`: a two-class head on the last token says whether an answer is right. */

import { TaskCancelled } from '../../errors.js';
import { at } from '../../invariant.js';
import type { ScheduledOptimiser } from '../optim/index.js';
import { float32, int64 } from '../ort/tensors.js';
import { fillNormal } from '../sampling/random.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import { rewardHeadShapes } from '../training/declareModel.js';
import type { TokenSequence } from '../training/layout.js';
import { layOutWhole, sequenceFeeds } from '../training/layout.js';
import type { MemoryBudget } from '../training/memoryBudget.js';
import { type Feeds, metricOf } from '../training/runGraph.js';
import { createTrainer, type NewHead, type ScalingMetrics } from '../training/trainer.js';
import type { ModelFiles } from '../weights/modelFiles.js';

/** Two-class training: is this answer right? A model without the two-class head gets one. */
export interface TrainRewardModelTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly batches: readonly (readonly (TokenSequence & { readonly correct: boolean })[])[];
    readonly optimiser: ScheduledOptimiser;
    readonly seed: number;
    readonly outputDirectory: string;
    /** As the run was planned. */
    readonly memory?: MemoryBudget | undefined;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly loss: number;
    readonly accuracy: number;
    readonly gradientNorm: number;
    readonly scaling: ScalingMetrics;
    /** Of the attempt that succeeded, where memory had run out before. */
    readonly halvedMemory?: MemoryBudget;
    readonly work: EngineWork;
  };
}

export const trainRewardModel: TaskFunction<TrainRewardModelTask> = async (
  { model, batches, optimiser, seed, outputDirectory, memory },
  context,
) => {
  const started = performance.now();
  const lora = model.adapters?.lora;
  const { config, compute } = model;
  const head: NewHead = {
    shapes: rewardHeadShapes(config),
    create: (_, shape) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      fillNormal(data, 0.02, { seed, purpose: 'initialise' });
      return data;
    },
  };
  const training = { objective: 'rewardModel', config, lora, compute } as const;
  const trainer = await createTrainer(training, model, optimiser, head, memory);
  // Before the first step, so that what cannot fit is refused at once.
  const splits = batches.map(trainer.split);
  let [lossSum, right, normSum, sequences, tokens] = [0, 0, 0, 0, 0];
  for (const [index, batch] of batches.entries()) {
    if (context.isCancelled()) throw new TaskCancelled('trainRewardModel was cancelled');
    const microBatches = at(splits, index).map((group) =>
      rewardFeeds(
        group.map((sequence) => at(batch, sequence)),
        batch.length,
      ),
    );
    const metrics = await trainer.step(microBatches, at(optimiser.learningRates, index));
    lossSum += metricOf(metrics, 'loss') * batch.length;
    right += metricOf(metrics, 'right') * batch.length;
    normSum += metricOf(metrics, 'gradient_norm');
    sequences += batch.length;
    for (const feeds of microBatches) tokens += feeds.tokens.size;
    context.onProgress(index + 1, batches.length);
  }
  return {
    files: await trainer.save(outputDirectory),
    loss: lossSum / Math.max(1, sequences),
    accuracy: right / Math.max(1, sequences),
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

type LabelledSequence = TrainRewardModelTask['input']['batches'][number][number];

/** Sequences of a batch of `count`, each weighing the same. */
function rewardFeeds(sequences: readonly LabelledSequence[], count: number) {
  const { length } = sequences;
  return {
    ...sequenceFeeds(layOutWhole(sequences)),
    labels: int64(
      BigInt64Array.from(sequences, ({ correct }) => BigInt(correct)),
      [length],
    ),
    weights: float32(new Float32Array(length).fill(1 / count), [length]),
  } satisfies Feeds;
}
