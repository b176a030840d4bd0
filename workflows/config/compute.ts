/** How the model is computed, in training and in sampling alike. */
import { z } from 'zod';

export const computeSchema = z.strictObject({
  precision: z
    .enum(['float32', 'bfloat16', 'float16'])
    .default('float32')
    .describe(
      'What products and activations are computed in. Weights in training, the optimiser, losses, norms and log-probabilities stay float32. Half precision is for GPUs: on a CPU it is emulated, and slower. float16 scales the loss, and skips a step whose gradients overflow.',
    ),
  recompute: z
    .boolean()
    .default(false)
    .describe(
      'Whether the backward computes each layer’s activations again instead of keeping them: less memory, the same gradients, about a third more time.',
    ),
  attentionInBlocks: z
    .boolean()
    .default(false)
    .describe(
      'Whether training and scoring compute attention 128 queries at a time, and again in the backward: its memory grows with the length of sequences instead of its square. For sequences of a thousand tokens and more.',
    ),
});

export type ComputeSpec = z.output<typeof computeSchema>;
