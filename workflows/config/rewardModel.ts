/** The reward model, which reranks sampled answers. */
import { z } from 'zod';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const rewardModelSchema = z.strictObject({
  /** Samples of each training question, drawn from the warm-up model and, again, from the final policy. */
  samplesPerQuestion: count.max(1_000).default(10),
  epochs: count.max(1_000).default(3),
  batchSize: count.max(4_096).default(32),
  optimiser: optimiserSchema,
});

export type RewardModelSpec = z.output<typeof rewardModelSchema>;
