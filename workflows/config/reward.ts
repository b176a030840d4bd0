/** What an answer is worth: the registry of rewards, `activities/rewards`, says which there are and what each can be told. */
import { rewardSchema as anyReward, misfitsOf, type RewardSpec } from '../../activities/rewards/index.js';
import { answersOfSource, type DataSpec, sourcesOf } from './data.js';

export { comparisonOf, rewardsToCheck } from '../../activities/rewards/index.js';

export const rewardSchema = anyReward.prefault({ name: 'answer' });

/** Tells what of the reward and of the data does not fit the other. */
export function checkReward(
  reward: RewardSpec,
  { cot, source }: Pick<DataSpec, 'cot' | 'source'>,
  report: (path: readonly (string | number)[], allowed: string) => void,
): void {
  // Of a mixture all parts have answers of one kind.
  const sources = sourcesOf(source);
  const [first] = sources;
  if (first === undefined) return;
  const answerKind = answersOfSource(first);
  const hasValues = sources.every(
    (one) => typeof one === 'string' || one.fields === undefined || one.fields.value !== undefined,
  );
  for (const { field, allowed } of misfitsOf(reward, { format: cot, answerKind, hasValues }))
    report(['reward', ...field], allowed);
  if (hasValues) return;
  if (answerKind !== 'text') report(['data', 'source', 'answers'], '"text", where fields names no value');
  if (cot === 'program') report(['data', 'source', 'fields', 'value'], 'a column: annotated programs are proved by it');
}
