/** The reward `sum`: other rewards with weights, each reported as a part. */
import { z } from 'zod';
import { at, required } from '../invariant.js';
import type { Comparison } from './compareAnswers.js';
import type { JudgedData, Misfit, Reward, RewardTools } from './reward.js';
import type { AskedQuestion, Response, Score } from './samples.js';

const mostTerms = 16;

interface SumOptions<TermReward> {
  readonly name: string;
  readonly terms: readonly { readonly part: string; readonly weight: number; readonly reward: TermReward }[];
  readonly correctBy: string | null;
}

/**
 * The reward `sum` over these rewards.
 * @param termSchema the field `reward` of a term: a reward's name with its options
 */
export function sumOf<Term extends z.ZodType<{ readonly name: string }>>(
  termSchema: Term,
  rewardNamed: (name: z.output<Term>['name']) => Reward,
) {
  const options = z
    .strictObject({
      name: z.literal('sum').describe('Adds up other rewards with weights, and reports each.'),
      terms: z
        .array(
          z.strictObject({
            part: z
              .string()
              .regex(/^[\w-]{1,64}$/)
              .describe('The part’s name: its mean is the metric `reward.<part>`.'),
            weight: z
              .number()
              .min(-1_000)
              .max(1_000)
              .default(1)
              .describe('What its reward is multiplied by in the sum.'),
            reward: termSchema.describe('Any reward but a sum. Its own parts become `reward.<part>.<name>`.'),
          }),
        )
        .min(1)
        .max(mostTerms)
        .describe(
          'The rewards to add up: each has a `part` (its name; its mean is the metric `reward.<part>`), a `weight` (1) and a `reward` (any but a sum).',
        ),
      correctBy: z
        .string()
        .nullable()
        .default(null)
        .describe('The part that says whether a response is right and what its value is; null: the first.'),
    })
    .superRefine(({ terms, correctBy }, context) => {
      const parts = terms.map(({ part }) => part);
      const twice = parts.findIndex((part, index) => parts.indexOf(part) !== index);
      if (twice >= 0)
        context.addIssue({ code: 'custom', path: ['terms', twice, 'part'], message: 'a name that no other term has' });
      if (correctBy !== null && !parts.includes(correctBy))
        context.addIssue({ code: 'custom', path: ['correctBy'], message: `null, or one of ${parts.join(', ')}` });
    });

  /** The term that says what is right. */
  const decisiveTermOf = ({ terms, correctBy }: SumOptions<z.output<Term>>) =>
    correctBy === null
      ? at(terms, 0)
      : required(
          terms.find(({ part }) => part === correctBy),
          'the part that says what is right',
        );

  return {
    options,

    misfits: ({ terms }: SumOptions<z.output<Term>>, data: JudgedData): readonly Misfit[] =>
      terms.flatMap(({ reward }, index) =>
        (rewardNamed(reward.name).misfits?.(reward, data) ?? []).map(({ field, allowed }) => ({
          field: ['terms', index, 'reward', ...field],
          allowed,
        })),
      ),

    comparison(sum: SumOptions<z.output<Term>>): Comparison | undefined {
      const { reward } = decisiveTermOf(sum);
      return rewardNamed(reward.name).comparison?.(reward);
    },

    async score(
      examples: readonly AskedQuestion[],
      responses: readonly Response[],
      sum: SumOptions<z.output<Term>>,
      tools: RewardTools,
    ): Promise<readonly Score[]> {
      const scored: { readonly part: string; readonly weight: number; readonly scores: readonly Score[] }[] = [];
      // One after the other: each may take all that the worker has.
      for (const { part, weight, reward } of sum.terms)
        scored.push({
          part,
          weight,
          scores: await rewardNamed(reward.name).score(examples, responses, reward, tools),
        });
      const decisive = at(scored, sum.terms.indexOf(decisiveTermOf(sum))).scores;
      return responses.map((_, index): Score => {
        const { correct, value, failure } = at(decisive, index);
        const termsOfOne = scored.map(({ part, weight, scores }) => ({ part, weight, score: at(scores, index) }));
        return {
          reward: termsOfOne.reduce((sum, { weight, score }) => sum + weight * score.reward, 0),
          correct,
          value,
          ...(failure === undefined ? {} : { failure }),
          parts: Object.fromEntries(
            termsOfOne.flatMap(({ part, score: { reward, parts = {} } }) => [
              [part, reward],
              ...Object.entries(parts).map(([name, own]) => [`${part}.${name}`, own] as const),
            ]),
          ),
        };
      });
    },
  };
}
