/** Supervised training on annotated answers: the warm-up and the SFT baseline. */
import { z } from 'zod';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const supervisedSchema = z.strictObject({
  epochs: count.max(10_000),
  batchSize: count.max(4_096),
  optimiser: optimiserSchema,
});

export type SupervisedSpec = z.output<typeof supervisedSchema>;
