/** Picking one answer from K samples of a question by votes: each sample's own, or weighted by a reward model. */
import { at } from '../invariant.js';
import { type Comparison, isEligible, sameAnswer } from '../rewards/compareAnswers.js';

/** A sample as far as picking needs it. */
export interface Candidate {
  readonly value: number | string | null;
  readonly correct: boolean;
}

/**
 * The candidate whose answer gets the most weight (voting@K with every weight 1); null when none has an answer.
 *
 * An answer joins the first earlier answer that it equals, and that earlier one stands for both. Samples without an answer never
 * win; ties go to the answer seen first.
 * @param comparison the reward's, where it has one of its own
 */
export function vote<C extends Candidate>(
  candidates: readonly C[],
  weights: readonly number[] = candidates.map(() => 1),
  comparison?: Comparison,
): C | null {
  const ballots: { readonly candidate: C; weight: number }[] = [];
  candidates.forEach((candidate, index) => {
    const { value } = candidate;
    if (!isEligible(value, comparison)) return;
    const weight = at(weights, index);
    const ballot = ballots.find(
      (earlier) => earlier.candidate.value !== null && sameAnswer(earlier.candidate.value, value, comparison),
    );
    if (ballot) ballot.weight += weight;
    else ballots.push({ candidate, weight });
  });
  return largest(ballots)?.candidate ?? null;
}

/**
 * The candidate with an answer to which the reward model gives the highest probability of being right (reranking@K); null
 * when none has an answer, ties to the first.
 */
export function rerank<C extends Candidate>(
  candidates: readonly C[],
  probabilities: readonly number[],
  comparison?: Comparison,
): C | null {
  const eligible = candidates
    .map((candidate, index) => ({ candidate, weight: at(probabilities, index) }))
    .filter(({ candidate }) => isEligible(candidate.value, comparison));
  return largest(eligible)?.candidate ?? null;
}

/** The first of the heaviest. */
function largest<T extends { readonly weight: number }>(items: readonly T[]): T | null {
  return items.reduce<T | null>((best, item) => (best === null || item.weight > best.weight ? item : best), null);
}
