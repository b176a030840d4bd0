/** The field `startFrom` of a specification: the run that this one branches from. */
import { z } from 'zod';

export const startFromSchema = z.strictObject({
  run: z.string().min(1).max(1_000).describe('The id of the run to branch from: finished, failed or still under way.'),
  round: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .describe(
      'Goes on from the checkpoint after so many of its rounds (of SFT and offline self-training: epochs). 0 is its warm-up.',
    ),
});

export type StartFrom = z.output<typeof startFromSchema>;
