/**
 * Advantages without a critic: an answer's score compared with those of the other answers to the same question. All tokens of an
 * answer have the same advantage.
 */
import { at } from '../../invariant.js';

/** Under a group's standard deviation, as in TRL, so that groups of nearly equal scores are not blown up. */
const epsilon = 1e-4;

export const rewardScalings = ['group', 'batch', 'none'] as const;
export type RewardScaling = (typeof rewardScalings)[number];

export interface GroupAdvantageOptions {
  /** GRPO (Shao et al., 2024): score − the group's mean. RLOO (Ahmadian et al., 2024): score − the mean of the others. */
  readonly baseline: 'group' | 'leave-one-out';
  /**
   * Divides by the standard deviation of the group's scores, or of all scores of the round (with Bessel's correction, as
   * PyTorch's) + 1e-4. By the group's, a difference between wrong answers counts as much as one between wrong and right.
   */
  readonly scaleRewards: RewardScaling;
}

/** One advantage an answer; `groups` say which question each answers. Alone in its group an answer has advantage 0. */
export function groupAdvantages(
  scores: readonly number[],
  groups: readonly number[],
  { baseline, scaleRewards }: GroupAdvantageOptions,
): readonly number[] {
  const ofAll = deviation(scores);
  const scale = { group: deviation, batch: () => ofAll, none: () => 1 }[scaleRewards];
  // Of an answer alone in its group.
  const advantages = scores.map(() => 0);
  for (const indices of membersOf(groups)) {
    const count = indices.length;
    if (count < 2) continue;
    const own = indices.map((index) => at(scores, index));
    // score − mean of the others = (score − mean of all) · count / (count − 1).
    const factor = (baseline === 'group' ? 1 : count / (count - 1)) / scale(own);
    for (const index of indices) advantages[index] = (at(scores, index) - mean(own)) * factor;
  }
  return advantages;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Bessel-corrected, plus epsilon. */
function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.reduce((total, value) => total + (value - middle) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1)) + epsilon;
}

/** Groups whose scores are all equal, in percent. */
export function shareWithoutSignal(scores: readonly number[], groups: readonly number[]): number {
  const members = membersOf(groups);
  const equal = members.filter((indices) => new Set(indices.map((index) => scores[index])).size === 1);
  return (100 * equal.length) / Math.max(1, members.length);
}

/** Indices of the answers of each group, groups in the order in which they first occur. */
export function membersOf(groups: readonly number[]): readonly (readonly number[])[] {
  const members = new Map<number, number[]>();
  groups.forEach((group, index) => {
    const own = members.get(group);
    if (own) own.push(index);
    else members.set(group, [index]);
  });
  return [...members.values()];
}
