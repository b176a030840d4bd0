/** Supervised training on annotated answers: the warm-up and the SFT baseline. */
import { z } from 'zod';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const supervisedSchema = z.strictObject({
  epochs: count
    .max(10_000)
    .describe(
      'Times that every training question is seen. Paper, 4.3: 1 to 10 for the warm-up, 40 for the SFT baseline.',
    ),
  batchSize: count.max(4_096).describe('Answers in one optimiser step (paper, 4.3: 48).'),
  optimiser: optimiserSchema.describe('How weights are changed by gradients.'),
});

export type SupervisedSpec = z.output<typeof supervisedSchema>;
