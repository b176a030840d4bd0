/** When a run measures its models, and with how many samples. */
import { z } from 'zod';
import { count } from './numbers.js';

export const evaluationSchema = z.strictObject({
  /** Validation accuracy is measured after this many rounds, and after every epoch of supervised training. */
  everyRounds: count.max(100_000).default(4),
  /** A method ends after so many validations in a row without a better one than before. Null trains to the end. */
  patience: count.max(100_000).nullable().default(null),
  /** K of voting and reranking; 0 leaves both out. */
  samplesPerQuestion: z.int().min(0).max(100).default(8),
});
