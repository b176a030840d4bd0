/** PPO, the method of the paper. */
import { z } from 'zod';
import { count, share } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const ppoSchema = z.strictObject({
  epochs: count
    .max(10_000)
    .describe(
      'Times that every training question is answered. A round takes `questionsPerRound` of them (paper, 4.3: 300).',
    ),
  questionsPerRound: count
    .max(100_000)
    .describe('Questions that are answered before the policy is updated (paper’s code: 32).'),
  samplesPerQuestion: count
    .max(256)
    .default(1)
    .describe('Answers sampled for each question of a round, at temperature 1 (paper, 3.1: 1).'),
  miniBatch: count.max(100_000).describe('Answers in one optimiser step (paper’s code: all of a round).'),
  passes: count
    .max(100)
    .default(2)
    .describe('Times that a round’s answers are trained on: the paper’s PPO epochs (2).'),
  optimiser: optimiserSchema.describe('How weights are changed by gradients.'),
  klCoefficient: z
    .number()
    .min(0)
    .default(0.01)
    .describe(
      'β of the KL penalty per token that is taken off the reward (paper, 4.3: 0.01 for P-CoT, 0.05 for N-CoT).',
    ),
  valueCoefficient: z
    .number()
    .min(0)
    .default(5)
    .describe('α, the weight of the value loss in the whole loss (paper, 4.3: 5).'),
  gamma: share.default(1).describe('γ, the discount of later rewards (paper’s code: 1).'),
  lambda: share.default(0.95).describe('λ of generalised advantage estimation (paper’s code: 0.95).'),
  clipRange: z
    .number()
    .positive()
    .default(0.2)
    .describe('ε of the clipped policy loss: how far π / π_old counts beyond 1 ± ε (paper, 4.3: 0.2).'),
  valueClipRange: z
    .number()
    .positive()
    .default(0.2)
    .describe('How far a value may move from the old one before its loss is clipped (paper’s code: 0.2).'),
});

export type PpoSpec = z.output<typeof ppoSchema>;
