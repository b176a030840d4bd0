/**
 * The rewards there are. One is added with a module of this folder (`reward.ts` says what it must have) and a row here: the
 * specification's field `reward`, its documentation and the activity `scoreSamples` follow.
 *
 * Pure, since workflows check specifications with it.
 */
import { z } from 'zod';
import { at } from '../invariant.js';
import { activity } from './activity.js';
import { answer } from './answer.js';
import type { AnswerKind } from './answerFormat.js';
import { type Comparison, comparisonFor } from './compareAnswers.js';
import { http } from './http.js';
import { python } from './python.js';
import type { JudgedData, Misfit, Reward } from './reward.js';
import { sumOf } from './sum.js';

const rewards = { answer, python, http, activity } as const satisfies Readonly<Record<string, Reward>>;

const schemas = Object.values(rewards).map(({ options }) => options);

const singleSchema = z.discriminatedUnion('name', [at(schemas, 0), ...schemas.slice(1)]);

const sum = sumOf(singleSchema, (name) => rewards[name]);

/** The field `reward` of a specification: a reward's name with its options. */
export const rewardSchema = z.discriminatedUnion('name', [...singleSchema.options, sum.options]);

export type RewardSpec = z.output<typeof rewardSchema>;

export function rewardNamed(name: RewardSpec['name']): Reward {
  return name === 'sum' ? sum : rewards[name];
}

/** Options of the reward that do not fit the data. */
export function misfitsOf(reward: RewardSpec, data: JudgedData): readonly Misfit[] {
  return rewardNamed(reward.name).misfits?.(reward, data) ?? [];
}

/**
 * The comparison that the reward names for itself, for all that compare answers beside it.
 * @param kind of the answers, once they have been read: texts are compared as such where the reward names none
 */
export function comparisonOf(reward: RewardSpec, kind?: AnswerKind): { readonly comparison?: Comparison } {
  const named = rewardNamed(reward.name).comparison?.(reward);
  const comparison = kind === undefined ? named : comparisonFor(kind, named);
  return comparison === undefined ? {} : { comparison };
}

/** The rewards that must be checked before any work: this one or, in a sum, those of its terms that have something to check. */
export function rewardsToCheck(reward: RewardSpec): readonly RewardSpec[] {
  const single = reward.name === 'sum' ? reward.terms.map((term) => term.reward) : [reward];
  return single.filter(({ name }) => rewardNamed(name).check !== undefined);
}
