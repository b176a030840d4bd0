/** The activity `updateGroupPolicy`: one round of GRPO or RLOO on the scored answers of all its shards, ending in a new checkpoint. */
import type { UpdateGroupPolicyInput, UpdateGroupPolicyResult } from './contracts.js';
import { learningRates } from './engine/optim/schedule.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { readCheckpoint, writeCheckpoint } from './store/checkpoint.js';
import {
  drawMiniBatches,
  type EngineDependencies,
  optimiserWith,
  readExamples,
  readScored,
  withOutputDirectory,
  workOf,
} from './trainingSteps.js';

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
            optimiser: optimiserWith(settings.optimiser, rates),
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
