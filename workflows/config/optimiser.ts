/** How weights are changed by gradients. */
import { z } from 'zod';
import { share } from './numbers.js';

export const optimiserSchema = z.strictObject({
  learningRate: z.number().positive().max(1),
  /** Linear warm-up from 0 over this many steps, then the schedule. */
  warmUpSteps: z.int().min(0).default(0),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  beta1: share.default(0.9),
  beta2: share.default(0.999),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().min(0).default(0),
  /** Global gradient norm is clipped to this. */
  maxGradNorm: z.number().positive().default(1),
});

export type OptimiserSpec = z.output<typeof optimiserSchema>;
