/** When a run measures its models, and with how many samples. */
import { z } from 'zod';
import { count } from './numbers.js';

export const evaluationSchema = z.strictObject({
  everyRounds: count
    .max(100_000)
    .default(4)
    .describe(
      'Validation accuracy is measured after so many rounds. Supervised training measures it after every epoch.',
    ),
  patience: count
    .max(100_000)
    .nullable()
    .default(null)
    .describe(
      'A method ends after so many validations in a row that are no better than an earlier one. Null: it trains to the end.',
    ),
  samplesPerQuestion: z
    .int()
    .min(0)
    .max(100)
    .default(8)
    .describe(
      'K of voting and reranking: samples of each test question, at temperature 1 (paper, 4.4: 100). 0 leaves both out.',
    ),
});
