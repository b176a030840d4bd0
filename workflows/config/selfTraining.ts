/** The methods that train on the model’s own right answers. */
import { z } from 'zod';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const offlineSelfTrainingSchema = z.strictObject({
  /** Sampled from the warm-up for each training question. */
  samplesPerQuestion: count.max(1_000).default(100),
  /** So many right answers, each another text, are kept for each question. */
  keepPerQuestion: count.max(1_000).default(10),
  /** Of supervised training on annotated answers and kept samples, from the model before the warm-up. */
  epochs: count.max(10_000).default(20),
  batchSize: count.max(4_096),
  optimiser: optimiserSchema,
});

/** Of online self-training and expert iteration. */
export const sampleTrainingSchema = z.strictObject({
  /** Passes over the training questions; a round is one batch of `questionsPerRound`. */
  epochs: count.max(10_000),
  questionsPerRound: count.max(100_000),
  samplesPerQuestion: count.max(256).default(1),
  /** Questions in one optimiser step, with all their right samples. */
  miniBatch: count.max(100_000),
  /** Passes over a round's answers. */
  passes: count.max(100).default(1),
  optimiser: optimiserSchema,
});

export type OfflineSelfTrainingSpec = z.output<typeof offlineSelfTrainingSchema>;
export type SampleTrainingSpec = z.output<typeof sampleTrainingSchema>;
