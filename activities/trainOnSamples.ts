/**
 * The activity `trainOnSamples`: one round of online self-training or expert iteration, supervised training on the right answers
 * among a round's samples, after a look at all of them.
 */

import type { SampleTrainingSpec } from '../workflows/config/selfTraining.js';
import { type Noted, notingRound } from './branchPoints.js';
import type { DataSetRef, Example } from './data/types.js';
import { learningRates } from './engine/optim/schedule.js';
import type { TokenSequence, WeightedSequence } from './engine/training/layout.js';
import { type Examples, exampleAt, promptOf, readExamples } from './examples.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { at } from './invariant.js';
import type { Work } from './report/types.js';
import type { ScoredSample } from './rewards/samples.js';
import { readCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import {
  type Budgeted,
  drawMiniBatches,
  type EngineDependencies,
  type Halved,
  readScored,
  shortageOf,
  withOutputDirectory,
  workOf,
  writeTrained,
} from './trainingSteps.js';

/**
 * One round of cross-entropy on the right answers among scored samples and, with the share that `annotatedShare` gives them, on
 * the annotated answers of the same questions.
 */
export interface TrainOnSamplesInput extends Budgeted, Noted {
  readonly checkpoint: CheckpointRef;
  /** The warm-up checkpoint: nothing holds the training near it, but how far it has gone is measured. */
  readonly reference: CheckpointRef;
  readonly train: DataSetRef;
  /** Scored objects of the round's shards. */
  readonly scored: readonly ObjectRef[];
  /** Of the loss, 0 … 1; the right samples have the rest. */
  readonly annotatedShare: number;
  readonly settings: SampleTrainingSpec;
  readonly seed: number;
  readonly round: number;
  /** Rounds of the whole run: a learning-rate schedule spans them. */
  readonly rounds: number;
  readonly freshOptimiser: boolean;
}

export interface TrainOnSamplesResult extends Halved {
  /** The one given where there was nothing to train on. */
  readonly checkpoint: CheckpointRef;
  /**
   * KL to the reference and entropy of the samples, named as in `RolloutDiagnostics`; `loss` and `gradientNorm`, means over the steps,
   * where there were any; with float16 also their `ScalingMetrics`.
   */
  readonly metrics: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly work: Work;
}

export function createTrainOnSamples({ store, engine, workDirectory }: EngineDependencies) {
  return (input: TrainOnSamplesInput): Promise<TrainOnSamplesResult> =>
    heartbeatWhile('batches', async (onProgress, signal) => {
      const { settings, seed, round } = input;
      const { files, manifest } = await readCheckpoint(store, input.checkpoint, { moments: !input.freshOptimiser });
      const examples = await readExamples(store, input.train);
      const scored = await readScored(store, input.scored);
      const reference = await readCheckpoint(store, input.reference, { moments: false });
      const rollouts = scored.map(({ example, tokens, logProbs }) => ({
        prompt: promptOf(examples, example),
        answer: tokens,
        logProbs,
      }));
      const diagnosis = await engine.run('diagnoseRollouts', { reference: reference.files, rollouts }, { signal });
      const questions = [...new Set(scored.map(({ example }) => example))];
      const planned = drawMiniBatches(
        questions.length,
        { miniBatch: settings.miniBatch, epochs: settings.epochsPerRound },
        input,
      ).map((places) => {
        const chosen = new Set(places.map((place) => at(questions, place)));
        return selfTrainingBatch(
          [...chosen].sort((a, b) => a - b).map((question) => exampleAt(examples, question)),
          scored.filter(({ example }) => chosen.has(example)),
          examples,
          input.annotatedShare,
        );
      });
      const rates = learningRates(
        settings.optimiser,
        round * planned.length,
        planned.length,
        input.rounds * planned.length,
      );
      // Without a right sample expert iteration has nothing to learn from a batch.
      const steps = planned.flatMap((batch, index) => (batch.length > 0 ? [{ batch, rate: at(rates, index) }] : []));
      if (steps.length === 0)
        return notingRound(
          store,
          round + 1,
          {
            checkpoint: input.checkpoint,
            metrics: { ...diagnosis.metrics },
            steps: 0,
            work: workOf(diagnosis.work),
          },
          input,
        );
      return withOutputDirectory(workDirectory, async (outputDirectory) => {
        const optimiser = { ...settings.optimiser, learningRates: steps.map(({ rate }) => rate) };
        const batches = steps.map(({ batch }) => batch);
        const result = await engine.run(
          'trainSupervised',
          { model: files, batches, optimiser, outputDirectory, memory: input.memory },
          { onProgress, signal },
        );
        return notingRound(
          store,
          round + 1,
          {
            checkpoint: await writeTrained(store, result.files, manifest, { seed, purpose: 'order-mini-batch', round }),
            metrics: { ...diagnosis.metrics, loss: result.loss, gradientNorm: result.gradientNorm, ...result.scaling },
            steps: steps.length,
            work: workOf(diagnosis.work, result.work),
            ...shortageOf(result),
          },
          input,
        );
      });
    });
}

/**
 * Loss of a batch: share · CE(annotated answers) + (1 − share) · CE(right samples), each a mean over its answer tokens; the
 * reference's online self-training has shares of ½. Truncated samples would teach not to end and are left out.
 */
export function selfTrainingBatch(
  annotated: readonly Example[],
  samples: readonly ScoredSample[],
  examples: Examples,
  annotatedShare: number,
): readonly WeightedSequence[] {
  const right = samples
    .filter(({ correct, truncated }) => correct && !truncated)
    .map(({ example, tokens }) => ({ prompt: promptOf(examples, example), answer: tokens }));
  const known = annotated.flatMap(({ promptTokens, answerTokens }) =>
    answerTokens && annotatedShare > 0 ? [{ prompt: promptTokens, answer: answerTokens }] : [],
  );
  return [...weighted(right, 1 - annotatedShare), ...weighted(known, annotatedShare)];
}

/** Every answer token weighs the same, all of them `share`. */
function weighted(sequences: readonly TokenSequence[], share: number): readonly WeightedSequence[] {
  const tokens = sequences.reduce((total, { answer }) => total + answer.length, 0);
  return sequences.map((sequence) => ({ ...sequence, tokenWeight: share / tokens }));
}
