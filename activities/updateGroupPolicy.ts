/** The activity `updateGroupPolicy`: one round of GRPO or RLOO on the scored answers of all its shards, ending in a new checkpoint. */

import type { GroupPolicySpec } from '../workflows/config/groupPolicy.js';
import type { DataSetRef } from './data/types.js';
import { learningRates } from './engine/optim/schedule.js';
import type { GroupPolicyMetrics } from './engine/rl/metrics.js';
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

/** One round of GRPO (`baseline: 'group'`) or RLOO (`leave-one-out`). */
export interface UpdateGroupPolicyInput {
  readonly checkpoint: CheckpointRef;
  /** The warm-up checkpoint, frozen: the KL penalty's reference. */
  readonly reference: CheckpointRef;
  readonly train: DataSetRef;
  /** Scored objects of the round's shards. */
  readonly scored: readonly ObjectRef[];
  readonly baseline: 'group' | 'leave-one-out';
  readonly settings: GroupPolicySpec;
  readonly maxAnswerTokens: number;
  readonly seed: number;
  readonly round: number;
  /** Rounds of the whole run: a learning-rate schedule spans them. */
  readonly rounds: number;
  readonly freshOptimiser: boolean;
}

export interface UpdateGroupPolicyResult {
  readonly checkpoint: CheckpointRef;
  readonly metrics: GroupPolicyMetrics;
  readonly steps: number;
  readonly work: Work;
}

export function createUpdateGroupPolicy({ store, engine, workDirectory }: EngineDependencies) {
  return (input: UpdateGroupPolicyInput): Promise<UpdateGroupPolicyResult> =>
    heartbeatWhile('answers', async (onProgress, signal) => {
      const { settings, baseline, seed, round } = input;
      const { files, manifest } = await readCheckpoint(store, input.checkpoint, { moments: !input.freshOptimiser });
      const reference = await readCheckpoint(store, input.reference, { moments: false });
      const examples = await readExamples(store, input.train);
      const scored = await readScored(store, input.scored);
      const rollouts = scored.map(({ example, tokens, logProbs, reward }) => ({
        prompt: examples[example]?.promptTokens ?? [],
        answer: tokens,
        group: example,
        logProbs,
        reward,
      }));
      const miniBatches = drawMiniBatches(rollouts.length, settings, input);
      const steps = miniBatches.length;
      const rates = learningRates(settings.optimiser, round * steps, steps, input.rounds * steps);
      return withOutputDirectory(workDirectory, async (outputDirectory) => {
        const { normalisation, klCoefficient, klPlacement, clipRange } = settings;
        const result = await engine.run(
          'trainGroupPolicy',
          {
            model: files,
            reference: reference.files,
            rollouts,
            miniBatches,
            optimiser: { ...settings.optimiser, learningRates: rates },
            baseline,
            scaleAdvantages: settings.scaleAdvantages ?? baseline === 'group',
            normalisation,
            maxAnswerTokens: input.maxAnswerTokens,
            klCoefficient,
            klPlacement,
            clipRange,
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
