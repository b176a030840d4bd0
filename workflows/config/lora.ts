/** Adapters: small weights that are trained beside frozen ones. */
import { z } from 'zod';
import { count } from './numbers.js';

export const loraSchema = z.strictObject({
  rank: count.max(1_024).describe('Rank of the adapters: each adds rank × (inputs + outputs) weights to its layer.'),
  alpha: z
    .number()
    .positive()
    .max(100_000)
    .describe('The product of an adapter’s two matrices is multiplied by alpha / rank.'),
  targetModules: z
    .union([z.literal('all-linear'), z.array(z.string().regex(/^\w+$/)).min(1)])
    .default('all-linear')
    .describe(
      'Which layers get an adapter, as PEFT names them: last parts of module names such as `q_proj`, or every linear layer but the head.',
    ),
});

export type LoraSpec = z.output<typeof loraSchema>;
