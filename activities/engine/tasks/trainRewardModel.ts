/** The task `trainRewardModel`: a two-class head on the last token says whether an answer is right. */

import { TaskCancelled } from '../../errors.js';
import type { Optimiser } from '../optim/optimiser.js';
import { float32, int64 } from '../ort/tensors.js';
import { fillNormal } from '../sampling/random.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import { rewardHeadShapes } from '../training/graphs.js';
import type { TokenSequence } from '../training/layout.js';
import { layOutWhole, sequenceFeeds } from '../training/layout.js';
import type { Feeds } from '../training/runGraph.js';
import { adamWOptions, createTrainer } from '../training/trainer.js';
import type { ModelFiles } from '../weights/modelFiles.js';

/** Two-class training: is this answer right? A model without the two-class head gets one. */
export interface TrainRewardModelTask {
  readonly input: {
    readonly model: ModelFiles;
    readonly batches: readonly (readonly (TokenSequence & { readonly correct: boolean })[])[];
    readonly optimiser: Optimiser;
    readonly seed: number;
    readonly outputDirectory: string;
  };
  readonly output: {
    readonly files: ModelFiles;
    readonly loss: number;
    readonly accuracy: number;
    readonly gradientNorm: number;
    readonly work: EngineWork;
  };
}

export const trainRewardModel: TaskFunction<TrainRewardModelTask> = async (
  { model, batches, optimiser, seed, outputDirectory },
  context,
) => {
  const started = performance.now();
  const lora = model.adapters?.lora;
  const trainer = await createTrainer(
    { objective: 'rewardModel', config: model.config, lora },
    model,
    adamWOptions(optimiser),
    {
      shapes: rewardHeadShapes(model.config),
      create: (_, shape) => {
        const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
        fillNormal(data, 0.02, { seed, purpose: 'initialise' });
        return data;
      },
    },
  );
  // Before the first step, so that what cannot fit is refused at once.
  const splits = batches.map(trainer.split);
  let [lossSum, right, normSum, sequences, tokens] = [0, 0, 0, 0, 0];
  for (const [index, batch] of batches.entries()) {
    if (context.isCancelled()) throw new TaskCancelled('trainRewardModel was cancelled');
    const microBatches = (splits[index] ?? []).map((group) =>
      rewardFeeds(
        group.flatMap((sequence) => batch[sequence] ?? []),
        batch.length,
      ),
    );
    const metrics = await trainer.step(microBatches, optimiser.learningRates[index] ?? 0);
    lossSum += (metrics.loss ?? 0) * batch.length;
    right += (metrics.right ?? 0) * batch.length;
    normSum += metrics.gradient_norm ?? 0;
    sequences += batch.length;
    for (const feeds of microBatches) tokens += feeds.tokens.size;
    context.onProgress(index + 1, batches.length);
  }
  return {
    files: await trainer.save(outputDirectory),
    loss: lossSum / Math.max(1, sequences),
    accuracy: right / Math.max(1, sequences),
    gradientNorm: normSum / Math.max(1, batches.length),
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
