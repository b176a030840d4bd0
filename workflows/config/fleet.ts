/** What a run takes of the workers, which it may share with other runs. */
import { z } from 'zod';
import { count } from './numbers.js';

export const fleetSchema = z.strictObject({
  shardsAtOnce: count
    .max(500)
    .default(32)
    .describe(
      'Most shards of answers (see `generation.questionsPerShard`) under way at once, sampled and scored: no more workers than these have anything to do for the run.',
    ),
});
