/** How answers are generated. */
import { z } from 'zod';
import { count } from './numbers.js';

export const generationSchema = z.strictObject({
  maxAnswerTokens: count.max(8_192),
  /** Questions in one rollout activity. It fixes batch composition, so results depend on it and not on who runs it. */
  questionsPerShard: count.max(100_000).default(128),
});

export type GenerationSpec = z.output<typeof generationSchema>;
