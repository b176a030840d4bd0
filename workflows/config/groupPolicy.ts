/** GRPO and RLOO, which compare the answers to a question with each other instead of learning a critic. */
import { z } from 'zod';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const groupPolicySchema = z.strictObject({
  epochs: count
    .max(10_000)
    .describe('Times that every training question is answered. A round takes `questionsPerRound` of them.'),
  questionsPerRound: count.max(100_000).describe('Questions that are answered before the policy is updated.'),
  samplesPerQuestion: z
    .int()
    .min(2)
    .max(256)
    .default(4)
    .describe('Answers sampled for each question of a round, at temperature 1: the group that is compared.'),
  miniBatch: count.max(100_000).describe('Answers in one optimiser step.'),
  passes: count.max(100).default(1).describe('Times that a round’s answers are trained on.'),
  optimiser: optimiserSchema.describe('How weights are changed by gradients.'),
  scaleAdvantages: z
    .boolean()
    .optional()
    .describe(
      'Whether a question’s advantages are divided by the standard deviation of its rewards. Left out, GRPO does and RLOO does not.',
    ),
  normalisation: z
    .enum(['sequence', 'token', 'constant'])
    .default('sequence')
    .describe(
      'How answer tokens share the loss of a step: a mean over each answer’s tokens and then over answers, a mean over all tokens of the step (DAPO), or a sum divided by answers × `generation.maxAnswerTokens` (Dr. GRPO).',
    ),
  klCoefficient: z.number().min(0).default(0).describe('β of the KL penalty against the warm-up. 0 leaves it out.'),
  klPlacement: z
    .enum(['reward', 'loss'])
    .default('loss')
    .describe('Whether the KL penalty is taken off an answer’s reward or added to the loss of each token.'),
  clipRange: z
    .number()
    .positive()
    .default(0.2)
    .describe('ε of the clipped policy loss: how far π / π_old counts beyond 1 ± ε.'),
});

export type GroupPolicySpec = z.output<typeof groupPolicySchema>;
