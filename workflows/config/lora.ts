/** Adapters: small weights that are trained beside frozen ones. */
import { z } from 'zod';
import { count } from './numbers.js';

export const loraSchema = z.strictObject({
  /** Rank of the adapters: each adds rank × (inputs + outputs) numbers to its layer. */
  rank: count.max(1_024),
  /** The adapters' product is multiplied by alpha / rank. */
  alpha: z.number().positive(),
  /** Which layers get one, as PEFT names them: last parts of module names, or every linear layer but the head. */
  targetModules: z.union([z.literal('all-linear'), z.array(z.string().regex(/^\w+$/)).min(1)]).default('all-linear'),
});

export type LoraSpec = z.output<typeof loraSchema>;
