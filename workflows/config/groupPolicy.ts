/** GRPO and RLOO. */
import { z } from 'zod';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

/** Of GRPO and RLOO, which compare the answers to a question with each other instead of learning a critic. */
export const groupPolicySchema = z.strictObject({
  /** Passes over the training questions; a round is one batch of `questionsPerRound`. */
  epochs: count.max(10_000),
  questionsPerRound: count.max(100_000),
  samplesPerQuestion: z.int().min(2).max(256).default(4),
  /** Answers in one optimiser step. */
  miniBatch: count.max(100_000),
  /** Passes over a round's answers. */
  passes: count.max(100).default(1),
  optimiser: optimiserSchema,
  /** Divides a question's advantages by the standard deviation of its rewards. Left out, GRPO does and RLOO does not. */
  scaleAdvantages: z.boolean().optional(),
  /**
   * How answer tokens share a step's loss: a mean over each answer's tokens and then over answers, a mean over all tokens of
   * the step (DAPO), or a sum divided by answers × `generation.maxAnswerTokens` (Dr. GRPO).
   */
  normalisation: z.enum(['sequence', 'token', 'constant']).default('sequence'),
  klCoefficient: z.number().min(0).default(0),
  /** Where the KL penalty against the warm-up is: taken off an answer's reward, or added to the loss of each token. */
  klPlacement: z.enum(['reward', 'loss']).default('loss'),
  clipRange: z.number().positive().default(0.2),
});

export type GroupPolicySpec = z.output<typeof groupPolicySchema>;
