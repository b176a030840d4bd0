/** How answers are generated. */
import { z } from 'zod';
import { count } from './numbers.js';

export const generationSchema = z.strictObject({
  maxAnswerTokens: count
    .max(8_192)
    .describe(
      'Most tokens of an answer. A longer one is cut, and scored like any other (paper’s code: 700 with the prompt).',
    ),
  questionsPerShard: count
    .max(100_000)
    .default(128)
    .describe(
      'Most questions in one rollout activity. It fixes which answers share a batch, so results depend on it and not on who does the work.',
    ),
});

export type GenerationSpec = z.output<typeof generationSchema>;
