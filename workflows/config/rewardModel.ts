/** The reward model, which reranks sampled answers. */
import { z } from 'zod';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const rewardModelSchema = z.strictObject({
  samplesPerQuestion: count
    .max(1_000)
    .default(10)
    .describe(
      'Samples of each training question to learn from, drawn from the warm-up and as many again from the final model (the paper’s code draws from the warm-up only). Fewer than 10 leave it weak.',
    ),
  epochs: count.max(1_000).default(3).describe('Times that every sample is seen (paper’s code: 3).'),
  batchSize: count.max(4_096).default(32).describe('Samples in one optimiser step.'),
  optimiser: optimiserSchema.describe(
    'How weights are changed by gradients. The paper’s code has a learning rate of 1e-6.',
  ),
});

export type RewardModelSpec = z.output<typeof rewardModelSchema>;
