/** The activity `trainSupervised`: one epoch of cross-entropy on annotated answers, for the warm-up and for SFT. */

import type { OptimiserSpec } from '../workflows/config/optimiser.js';
import type { DataSetRef } from './data/types.js';
import { learningRates } from './engine/optim/schedule.js';
import { permutation } from './engine/sampling/random.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import type { Work } from './report/types.js';
import { readCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef } from './store/types.js';
import {
  chunks,
  type EngineDependencies,
  readExamples,
  withOutputDirectory,
  workOf,
  writeTrained,
} from './trainingSteps.js';

/** Supervised cross-entropy over one epoch (warm-up and SFT). A learning-rate schedule spans `totalSteps`. */
export interface TrainSupervisedInput {
  readonly checkpoint: CheckpointRef;
  readonly train: DataSetRef;
  readonly seed: number;
  readonly purpose: 'order-warm-up' | 'order-sft' | 'order-self-training';
  /** 0-based. */
  readonly epoch: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimiser: OptimiserSpec;
  /** True for the first epoch of a phase: the optimiser's state starts at zero again. */
  readonly freshOptimiser: boolean;
}

export interface TrainSupervisedResult {
  readonly checkpoint: CheckpointRef;
  /** Mean loss per answer token over the epoch, natural log. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly steps: number;
  readonly work: Work;
}

/** Examples are taken in an order of their own each epoch, from (seed, purpose, epoch). */
export function createTrainSupervised({ store, engine, workDirectory }: EngineDependencies) {
  return (input: TrainSupervisedInput): Promise<TrainSupervisedResult> =>
    heartbeatWhile('batches', async (onProgress, signal) => {
      const { checkpoint, seed, purpose, epoch, optimiser } = input;
      const { files, manifest } = await readCheckpoint(store, checkpoint, { moments: !input.freshOptimiser });
      const examples = await readExamples(store, input.train);
      const order = [...permutation(examples.length, { seed, purpose, round: epoch })];
      const sequences = order.flatMap((index) => {
        const example = examples[index];
        return example?.answerTokens ? [{ prompt: example.promptTokens, answer: example.answerTokens }] : [];
      });
      const batches = chunks(sequences, input.batchSize);
      const steps = batches.length;
      const rates = learningRates(optimiser, epoch * steps, steps, input.epochs * steps);
      return withOutputDirectory(workDirectory, async (outputDirectory) => {
        const result = await engine.run(
          'trainSupervised',
          { model: files, batches, optimiser: { ...optimiser, learningRates: rates }, outputDirectory },
          { onProgress, signal },
        );
        return {
          checkpoint: await writeTrained(store, result.files, manifest, { seed, purpose, epoch }),
          loss: result.loss,
          gradientNorm: result.gradientNorm,
          steps,
          work: workOf(result.work),
        };
      });
    });
}
