/** What of a run is kept once it is not needed to go on: `activities/retention` collects the rest. */
import { z } from 'zod';
import { count } from './numbers.js';

export const retentionSchema = z.strictObject({
  last: count
    .max(1_000_000)
    .default(2)
    .describe('Checkpoints of so many of the latest rounds (or epochs) are kept; the latest of all is the final one.'),
  everyRounds: count
    .max(1_000_000)
    .nullable()
    .default(10)
    .describe(
      'So is that of each round whose number is a multiple of this, to go back to or to branch from. Null: no others. The best on validation always is.',
    ),
  rolloutDays: z
    .number()
    .min(0)
    .max(36_500)
    .default(7)
    .describe('Days for which the scored answers that a round has trained on are kept.'),
});

export type RetentionSpec = z.output<typeof retentionSchema>;
