/** What a run may take of its device's memory. */
import { z } from 'zod';

const size = z.number().positive().max(100_000);

export const memorySchema = z.strictObject({
  trainingGiB: size.describe(
    'What a training step may take: weights, the optimiser’s state, gradients, activations, and what policy training scores with.',
  ),
  microBatchGiB: size.describe(
    'What the activations of one micro-batch may take. A batch that needs more is split, down to one sequence at a time.',
  ),
  rolloutGiB: size.default(1).describe('What the keys and values of answers may take that are decoded together.'),
});

export type MemorySpec = z.output<typeof memorySchema>;
