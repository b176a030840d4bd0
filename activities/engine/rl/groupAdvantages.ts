/**
 * Advantages without a critic: an answer's score compared with those of the other answers to the same question. All tokens of an
 * answer have the same advantage.
 */
import { at } from '../../invariant.js';

/** Under a group's standard deviation, as in TRL, so that groups of nearly equal scores are not blown up. */
const epsilon = 1e-4;

export interface GroupAdvantageOptions {
  /** GRPO (Shao et al., 2024): score − the group's mean. RLOO (Ahmadian et al., 2024): score − the mean of the others. */
  readonly baseline: 'group' | 'leave-one-out';
  /** Divides by the group's standard deviation (with Bessel's correction, as PyTorch's) + 1e-4. */
  readonly scaleAdvantages: boolean;
}

/** One advantage an answer; `groups` say which question each answers. Alone in its group an answer has advantage 0. */
export function groupAdvantages(
  scores: readonly number[],
  groups: readonly number[],
  { baseline, scaleAdvantages }: GroupAdvantageOptions,
): readonly number[] {
  // Of an answer alone in its group.
  const advantages = scores.map(() => 0);
  for (const indices of membersOf(groups)) {
    const count = indices.length;
    if (count < 2) continue;
    const own = indices.map((index) => at(scores, index));
    const mean = own.reduce((a, b) => a + b, 0) / count;
    const variance = own.reduce((total, score) => total + (score - mean) ** 2, 0) / (count - 1);
    // score − mean of the others = (score − mean of all) · count / (count − 1).
    const factor =
      (baseline === 'group' ? 1 : count / (count - 1)) / (scaleAdvantages ? Math.sqrt(variance) + epsilon : 1);
    for (const index of indices) advantages[index] = (at(scores, index) - mean) * factor;
  }
  return advantages;
}

/** Share of groups whose scores are not all equal. */
export function mixedShare(scores: readonly number[], groups: readonly number[]): number {
  const members = membersOf(groups);
  const mixed = members.filter((indices) => new Set(indices.map((index) => scores[index])).size > 1);
  return mixed.length / Math.max(1, members.length);
}

/** Indices of the answers of each group. */
function membersOf(groups: readonly number[]): readonly (readonly number[])[] {
  const members = new Map<number, number[]>();
  groups.forEach((group, index) => {
    const own = members.get(group);
    if (own) own.push(index);
    else members.set(group, [index]);
  });
  return [...members.values()];
}
