/** The activity `updatePolicy`: one PPO round on the scored answers of all its shards, ending in a new checkpoint. */

import type { PpoSpec } from '../workflows/config/ppo.js';
import type { DataSetRef } from './data/types.js';
import { learningRates } from './engine/optim/schedule.js';
import type { PolicyMetrics } from './engine/rl/metrics.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { readCheckpoint, writeCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import {
  drawMiniBatches,
  type EngineDependencies,
  readExamples,
  readScored,
  withOutputDirectory,
  workOf,
} from './trainingSteps.js';
import type { Work } from './work.js';

export interface UpdatePolicyInput {
  readonly checkpoint: CheckpointRef;
  /** The warm-up checkpoint, frozen: the KL penalty's reference. */
  readonly reference: CheckpointRef;
  readonly train: DataSetRef;
  /** Scored objects of the round's shards; together they are one PPO batch. */
  readonly scored: readonly ObjectRef[];
  readonly ppo: PpoSpec;
  readonly seed: number;
  readonly round: number;
  /** Rounds of the whole run: a learning-rate schedule spans them. */
  readonly rounds: number;
  readonly freshOptimiser: boolean;
}

export interface UpdatePolicyResult {
  readonly checkpoint: CheckpointRef;
  readonly metrics: PolicyMetrics;
  readonly steps: number;
  readonly work: Work;
}

export function createUpdatePolicy({ store, engine, workDirectory }: EngineDependencies) {
  return (input: UpdatePolicyInput): Promise<UpdatePolicyResult> =>
    heartbeatWhile('answers', async (onProgress, signal) => {
      const { ppo, seed, round } = input;
      const { files, manifest } = await readCheckpoint(store, input.checkpoint, { moments: !input.freshOptimiser });
      const reference = await readCheckpoint(store, input.reference, { moments: false });
      const examples = await readExamples(store, input.train);
      const scored = await readScored(store, input.scored);
      const rollouts = scored.map(({ example, tokens, logProbs, reward }) => ({
        prompt: examples[example]?.promptTokens ?? [],
        answer: tokens,
        logProbs,
        reward,
      }));
      const miniBatches = drawMiniBatches(rollouts.length, ppo, input);
      const steps = miniBatches.length;
      const rates = learningRates(ppo.optimiser, round * steps, steps, input.rounds * steps);
      return withOutputDirectory(workDirectory, async (outputDirectory) => {
        const { klCoefficient, valueCoefficient, gamma, lambda, clipRange, valueClipRange } = ppo;
        const result = await engine.run(
          'trainPolicy',
          {
            model: files,
            reference: reference.files,
            rollouts,
            miniBatches,
            optimiser: { ...ppo.optimiser, learningRates: rates },
            klCoefficient,
            valueCoefficient,
            gamma,
            lambda,
            clipRange,
            valueClipRange,
            outputDirectory,
          },
          { onProgress, signal },
        );
        return {
          checkpoint: await writeCheckpoint(store, {
            ...result.files,
            base: manifest.parameters,
            tokenizer: manifest.tokenizer,
            randomKeys: { seed, purpose: 'order-mini-batch', round },
          }),
          metrics: result.metrics,
          steps,
          work: workOf(result.work),
        };
      });
    });
}
