/** What is measured of a model, and on what. */
import { z } from 'zod';

/** The batch of a training step. */
export const batch = { sequences: 4, promptTokens: 96, answerTokens: 32 } as const;

export const measuresSchema = z.object({
  importSeconds: z.number(),
  /** The process's largest resident memory while it read the model. */
  importBytes: z.number(),
  stepSeconds: z.number(),
  /** The same while it trained. */
  stepBytes: z.number(),
});
export type ModelMeasures = z.output<typeof measuresSchema>;
