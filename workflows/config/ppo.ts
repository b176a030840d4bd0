/** PPO, the method of the paper. */
import { z } from 'zod';
import { count, share } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const ppoSchema = z.strictObject({
  /** Passes over the training questions; a round is one batch of `questionsPerRound`. */
  epochs: count.max(10_000),
  questionsPerRound: count.max(100_000),
  samplesPerQuestion: count.max(256).default(1),
  /** Answers in one optimiser step. */
  miniBatch: count.max(100_000),
  /** Passes over a round's answers (the paper's PPO epochs). */
  passes: count.max(100).default(2),
  optimiser: optimiserSchema,
  klCoefficient: z.number().min(0).default(0.01),
  valueCoefficient: z.number().min(0).default(5),
  gamma: share.default(1),
  lambda: share.default(0.95),
  clipRange: z.number().positive().default(0.2),
  valueClipRange: z.number().positive().default(0.2),
});

export type PpoSpec = z.output<typeof ppoSchema>;
