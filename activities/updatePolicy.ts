/**
 * The activity `updatePolicy`: one round of a reinforcement-learning algorithm on the scored answers of all its shards, ending in a new
 * checkpoint.
 */

import type { PolicyRoundsSpec } from '../workflows/config/algorithms.js';
import { type Noted, notingRound } from './branchPoints.js';
import type { DataSetRef } from './data/types.js';
import { learningRates } from './engine/optim/schedule.js';
import type { AlgorithmChoice } from './engine/rl/index.js';
import { promptOf, readExamples } from './examples.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import type { Work } from './report/types.js';
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

export interface UpdatePolicyInput extends Budgeted, Noted {
  readonly checkpoint: CheckpointRef;
  /** The warm-up checkpoint, frozen: the KL penalty's reference. */
  readonly reference: CheckpointRef;
  readonly train: DataSetRef;
  /** Scored objects of the round's shards; together they are one batch. */
  readonly scored: readonly ObjectRef[];
  readonly algorithm: AlgorithmChoice;
  readonly settings: Pick<PolicyRoundsSpec, 'miniBatch' | 'ppoEpochs' | 'optimiser'>;
  readonly maxAnswerTokens: number;
  readonly seed: number;
  readonly round: number;
  /** Rounds of the whole run: a learning-rate schedule spans them. */
  readonly rounds: number;
  readonly freshOptimiser: boolean;
}

export interface UpdatePolicyResult extends Halved {
  /** The one given where there was nothing to train on. */
  readonly checkpoint: CheckpointRef;
  readonly metrics: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly work: Work;
}

export function createUpdatePolicy({ store, engine, workDirectory }: EngineDependencies) {
  return (input: UpdatePolicyInput): Promise<UpdatePolicyResult> =>
    heartbeatWhile('answers', async (onProgress, signal) => {
      const { algorithm, maxAnswerTokens, seed, round } = input;
      const { miniBatch, ppoEpochs, optimiser } = input.settings;
      const { files, manifest } = await readCheckpoint(store, input.checkpoint, { moments: !input.freshOptimiser });
      const reference = await readCheckpoint(store, input.reference, { moments: false });
      const examples = await readExamples(store, input.train);
      const scored = await readScored(store, input.scored);
      const rollouts = scored.map(({ example, tokens, logProbs, reward, truncated }) => ({
        prompt: promptOf(examples, example),
        answer: tokens,
        group: example,
        logProbs,
        reward,
        truncated,
      }));
      // A round of dynamic sampling may have no question left.
      if (rollouts.length === 0)
        return notingRound(
          store,
          round + 1,
          {
            checkpoint: input.checkpoint,
            metrics: {},
            steps: 0,
            work: workOf(),
          },
          input,
        );
      const miniBatches = drawMiniBatches(rollouts.length, { miniBatch, epochs: ppoEpochs }, input);
      const steps = miniBatches.length;
      const rates = learningRates(optimiser, round * steps, steps, input.rounds * steps);
      return withOutputDirectory(workDirectory, async (outputDirectory) => {
        const result = await engine.run(
          'trainPolicy',
          {
            model: files,
            reference: reference.files,
            rollouts,
            miniBatches,
            optimiser: { ...optimiser, learningRates: rates },
            algorithm,
            maxAnswerTokens,
            outputDirectory,
            memory: input.memory,
          },
          { onProgress, signal },
        );
        return notingRound(
          store,
          round + 1,
          {
            checkpoint: await writeTrained(store, result.files, manifest, { seed, purpose: 'order-mini-batch', round }),
            metrics: result.metrics,
            steps,
            work: workOf(result.work),
            ...shortageOf(result),
          },
          input,
        );
      });
    });
}
