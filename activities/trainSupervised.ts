/** The activity `trainSupervised`: one epoch of cross-entropy on annotated answers, for the warm-up and for SFT. */

import { join } from 'node:path';
import type { OptimiserSpec } from '../workflows/config/optimiser.js';
import { type Noted, notingRound } from './branchPoints.js';
import type { DataSetRef } from './data/types.js';
import { learningRates } from './engine/optim/schedule.js';
import { permutation } from './engine/sampling/random.js';
import { writeSequences } from './engine/training/sequenceFile.js';
import type { ScalingMetrics } from './engine/training/trainer.js';
import { type Examples, examplesAt, readExamples } from './examples.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import type { Work } from './report/types.js';
import { readCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef } from './store/types.js';
import {
  type Budgeted,
  type EngineDependencies,
  type Halved,
  shortageOf,
  withOutputDirectory,
  workOf,
  writeTrained,
} from './trainingSteps.js';

/** Supervised cross-entropy over one epoch (warm-up and SFT). A learning-rate schedule spans `totalSteps`. */
export interface TrainSupervisedInput extends Budgeted, Noted {
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

export interface TrainSupervisedResult extends Halved {
  readonly checkpoint: CheckpointRef;
  /** Mean loss per answer token over the epoch, natural log. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly scaling: ScalingMetrics;
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
      const order = permutation(examples.length, { seed, purpose, round: epoch });
      return withOutputDirectory(workDirectory, async (outputDirectory) => {
        const path = join(outputDirectory, 'sequences');
        const batches = { path, sequences: await writeEpoch(path, examples, order), batchSize: input.batchSize };
        const steps = Math.ceil(batches.sequences / batches.batchSize);
        const rates = learningRates(optimiser, epoch * steps, steps, input.epochs * steps);
        const result = await engine.run(
          'trainSupervised',
          {
            model: files,
            batches,
            optimiser: { ...optimiser, learningRates: rates },
            outputDirectory,
            memory: input.memory,
          },
          { onProgress, signal },
        );
        const trained = {
          checkpoint: await writeTrained(store, result.files, manifest, { seed, purpose, epoch }),
          loss: result.loss,
          gradientNorm: result.gradientNorm,
          scaling: result.scaling,
          steps,
          work: workOf(result.work),
          ...shortageOf(result),
        };
        return purpose === 'order-warm-up' ? trained : notingRound(store, epoch + 1, trained, input);
      });
    });
}

/**
 * Writes the annotated answers with their prompts to a file, in this order: an epoch may be larger than memory.
 * @returns how many there are
 */
async function writeEpoch(path: string, examples: Examples, order: Iterable<number>): Promise<number> {
  const sequences = writeSequences(path);
  for await (const { promptTokens, answerTokens } of examplesAt(examples, order))
    if (answerTokens) sequences.write({ prompt: promptTokens, answer: answerTokens });
  return sequences.close();
}
