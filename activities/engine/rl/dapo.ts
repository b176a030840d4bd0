/**
 * DAPO (Yu et al., 2025): GRPO for long answers. The clip range is wider above than below (clip-higher), every token of a
 * mini-batch weighs the same, questions that tell nothing are replaced (`dynamicSampling.ts`), and answers near the length limit pay for it
 * (soft overlong punishment). There is no KL penalty, unless `klCoefficient` asks for one.
 */
import { z } from 'zod';
import { algorithm } from './algorithm.js';
import { dynamicSamplingMeaning, dynamicSamplingSchema } from './dynamicSampling.js';
import { groupAlgorithm, groupLoss, groupOptions, prepareGroups, scaleRewards } from './groupPolicy.js';
import { clipRangeMeaning, clipRangeOption } from './options.js';

const overlongSchema = z.strictObject({
  buffer: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .default(null)
    .describe(
      'Tokens before `generation.maxAnswerTokens` over which the penalty rises from 0. Null is a fifth of them, as published: 4,096 of 20,480.',
    ),
  penalty: z
    .number()
    .min(0)
    .max(100)
    .default(1)
    .describe(
      'What an answer as long as the limit pays (published: 1, where a right answer earns 1 and a wrong one −1).',
    ),
});
type Overlong = z.output<typeof overlongSchema>;

export const dapo = algorithm({
  ...groupAlgorithm,
  title: 'DAPO',
  roundsLike: 'grpo',
  options: groupOptions.omit({ normalisation: true }).extend({
    scaleRewards: scaleRewards.default('group'),
    clipRange: clipRangeOption(0.2, 0.28).describe(clipRangeMeaning),
    dynamicSampling: dynamicSamplingSchema.nullable().prefault({}).describe(dynamicSamplingMeaning),
    overlong: overlongSchema
      .nullable()
      .prefault({})
      .describe('Soft overlong punishment: what long answers pay off their reward. Null leaves it out.'),
  }),
  check: ({ overlong }, { maxAnswerTokens }) =>
    overlong !== null && overlong.buffer !== null && overlong.buffer > maxAnswerTokens
      ? [{ path: ['overlong', 'buffer'], message: `at most generation.maxAnswerTokens ${maxAnswerTokens}` }]
      : [],
  prepare: (rollouts, { overlong, ...options }, context) => {
    const shaped = rollouts.map((rollout) => {
      const penalty = overlongPenalty(rollout.logProbs.length, context.maxAnswerTokens, overlong);
      return { ...rollout, reward: rollout.reward - penalty, penalty };
    });
    const { inputsOf, metrics } = prepareGroups(
      shaped,
      { ...options, baseline: 'group', normalisation: 'token' },
      context,
    );
    const paid = shaped.reduce((total, { penalty }) => total + penalty, 0);
    return { inputsOf, metrics: { ...metrics, overlongPenalty: paid / Math.max(1, shaped.length) } };
  },
  loss: (inputs, options) => groupLoss(inputs, options),
});

/** Equation 13 of the paper: 0 up to the buffer, and from there on a straight line to the penalty at the limit. */
export function overlongPenalty(tokens: number, maxAnswerTokens: number, overlong: Overlong | null): number {
  if (overlong === null) return 0;
  const buffer = overlong.buffer ?? Math.max(1, Math.round(maxAnswerTokens / 5));
  return (overlong.penalty * Math.max(0, tokens - (maxAnswerTokens - buffer))) / buffer;
}
