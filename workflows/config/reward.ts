/** What an answer is worth: the registry of rewards, `activities/rewards`, says which there are and what each can be told. */
import { answersOf } from '../../activities/data/sets/names.js';
import { rewardSchema as anyReward, misfitsOf, type RewardSpec } from '../../activities/rewards/index.js';
import type { DataSpec } from './data.js';

export { comparisonOf, rewardsToCheck } from '../../activities/rewards/index.js';

export const rewardSchema = anyReward.prefault({ name: 'answer' });

/** Tells each option of the reward that does not fit the data. */
export function checkReward(
  reward: RewardSpec,
  { cot, source }: Pick<DataSpec, 'cot' | 'source'>,
  report: (path: readonly (string | number)[], allowed: string) => void,
): void {
  const answerKind = typeof source === 'object' ? source.answers : answersOf(source);
  for (const { field, allowed } of misfitsOf(reward, { format: cot, answerKind }))
    report(['reward', ...field], allowed);
}
