/** The activity `updatePolicy`: one PPO round on the scored answers of all its shards, ending in a new checkpoint. */
import type { UpdatePolicyInput, UpdatePolicyResult } from './contracts.js';
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
        const { klCoefficient, valueCoefficient, discount, gaeLambda, clipRange, valueClipRange } = ppo;
        const result = await engine.run(
          'trainPolicy',
          {
            model: files,
            reference: reference.files,
            rollouts,
            miniBatches,
            optimiser: optimiserWith(ppo.optimiser, rates),
            klCoefficient,
            valueCoefficient,
            discount,
            gaeLambda,
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
