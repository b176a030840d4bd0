/**
 * Dynamic sampling (DAPO, Yu et al., 2025, section 3.2): a question whose answers are all right, or all wrong, tells nothing apart.
 * Its group is dropped, and further questions are answered in its place (`workflows/steps/dynamicSampling.ts`).
 */
import { z } from 'zod';
import { at } from '../../invariant.js';

export const dynamicSamplingSchema = z.strictObject({
  signal: z
    .enum(['correct', 'reward'])
    .default('correct')
    .describe(
      'What the answers to a question must differ in: whether they are right (DAPO), or what they earn. With `correct` a question of wrong answers alone is dropped though some of them earn a partial reward.',
    ),
  maxExtraBatches: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe(
      'How often in a round dropped questions may be replaced, each time by as many as are missing. Then the round trains on what there is; without any question left it leaves the model as it is.',
    ),
});
export const dynamicSamplingMeaning =
  'Replaces questions whose answers are all right or all wrong by further ones, in the order of the epoch’s permutation. Null trains on whatever a round’s questions give.';
export type DynamicSampling = Readonly<z.output<typeof dynamicSamplingSchema>>;

/** What the answers to one question tell: enough to be trained on, or that all of them are right, or not. */
export type GroupVerdict = 'kept' | 'right' | 'wrong';

/** @param answers to one question, at least one */
export function judgeGroup(
  answers: readonly { readonly correct: boolean; readonly reward: number }[],
  signal: DynamicSampling['signal'],
): GroupVerdict {
  const first = at(answers, 0)[signal];
  if (answers.some((answer) => answer[signal] !== first)) return 'kept';
  return answers.every(({ correct }) => correct) ? 'right' : 'wrong';
}
