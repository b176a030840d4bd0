/** The activity `trainSupervised`: one epoch of cross-entropy on annotated answers, for the warm-up and for SFT. */
import type { TrainSupervisedInput, TrainSupervisedResult } from './contracts.js';
import { learningRates } from './engine/optim/schedule.js';
import { permutation } from './engine/sampling/random.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { readCheckpoint, writeCheckpoint } from './store/checkpoint.js';
import {
  chunks,
  type EngineDependencies,
  optimiserWith,
  readExamples,
  withOutputDirectory,
  workOf,
} from './trainingSteps.js';

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
          { model: files, batches, optimiser: optimiserWith(optimiser, rates), outputDirectory },
          { onProgress, signal },
        );
        return {
          checkpoint: await writeCheckpoint(store, {
            ...result.files,
            base: manifest.parameters,
            tokenizer: manifest.tokenizer,
            randomKeys: { seed, purpose, epoch },
          }),
          loss: result.loss,
          gradientNorm: result.gradientNorm,
          steps,
          work: workOf(result.work),
        };
      });
    });
}
