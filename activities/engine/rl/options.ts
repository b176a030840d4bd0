/** Options that several algorithms have. */
import { z } from 'zod';

/** How far a ratio counts below and above 1. */
export type ClipRange = number | { readonly low: number; readonly high: number };

/** Ratios of probabilities are rarely far from 1: a range of 100 clips nothing. */
const range = z.number().positive().max(100);

/** @param low, high defaults of the two sides, where they are given apart. */
export function clipRangeOption(low: number, high: number) {
  return z
    .union([
      range,
      z.strictObject({
        low: range.max(1).default(low).describe('How far below 1.'),
        high: range.default(high).describe('How far above 1.'),
      }),
    ])
    .default(low === high ? low : { low, high });
}

export const clipRangeMeaning =
  'ε of the clipped policy loss: how far π / π_old counts beyond 1 ± ε (paper, 4.3: 0.2), or below and above apart: `{"low": 0.2, "high": 0.28}`.';

/** The ways to estimate KL(π ‖ π_ref) from sampled tokens (`kl.ts`). */
export const klEstimators = ['k1', 'k2', 'k3'] as const;
export type KlEstimator = (typeof klEstimators)[number];

/** Options of every algorithm. With their defaults they change nothing. */
export const commonOptions = {
  maskTruncated: z
    .boolean()
    .default(false)
    .describe(
      'Leaves answers that were cut at `generation.maxAnswerTokens` out of the loss. Their rewards still count where others are compared with them.',
    ),
  samplingCorrection: z
    .strictObject({
      cap: z.number().positive().max(1_000).default(2).describe('The largest weight.'),
    })
    .nullable()
    .default(null)
    .describe(
      'Weighs each token’s policy loss by min(π_old / π_sampler, cap), where the sampler’s log-probabilities differ from the trainer’s (truncated importance sampling, Yao et al., 2025). Null leaves it out.',
    ),
};
export type SamplingCorrection = Readonly<z.output<typeof commonOptions.samplingCorrection>>;
