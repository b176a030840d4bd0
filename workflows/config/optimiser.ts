/** How weights are changed by gradients. */
import { z } from 'zod';
import { share } from './numbers.js';

export const optimiserSchema = z.strictObject({
  learningRate: z
    .number()
    .positive()
    .max(1)
    .describe('Largest learning rate. The paper (4.3), for models of 7B: 1e-5 in supervised training, 3e-7 in PPO.'),
  warmUpSteps: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'The learning rate rises linearly from 0 over so many steps, then follows `schedule` (paper, 4.3: 10 % of the steps).',
    ),
  schedule: z
    .enum(['constant', 'linear', 'cosine'])
    .default('constant')
    .describe(
      'The learning rate’s way to the last step: constant (the paper’s PPO), or down to 0 (`linear`: its supervised training).',
    ),
  beta1: share
    .default(0.9)
    .describe('Decay of AdamW’s mean of gradients. 0.9 is PyTorch’s default, which the paper’s code takes.'),
  beta2: share
    .default(0.999)
    .describe('Decay of AdamW’s mean of squared gradients. 0.999 is PyTorch’s default, which the paper’s code takes.'),
  epsilon: z
    .number()
    .positive()
    .default(1e-8)
    .describe(
      'Added to the root of the mean of squared gradients. 1e-8 is PyTorch’s default, which the paper’s code takes.',
    ),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe('Each step takes learning rate × weightDecay × weight off a weight (paper’s code: 0).'),
  maxGradNorm: z
    .number()
    .positive()
    .default(1)
    .describe('Gradients whose norm over all weights is larger are scaled down to it (paper’s code: 1).'),
});

export type OptimiserSpec = z.output<typeof optimiserSchema>;
