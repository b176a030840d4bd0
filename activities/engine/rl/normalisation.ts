/** How answer tokens divide the loss of a mini-batch among them. */
import { at } from '../../invariant.js';

export const lossNormalisations = ['sequence', 'token', 'constant'] as const;
export type LossNormalisation = (typeof lossNormalisations)[number];

/** An answer as far as weights go by it. */
export interface WeighedAnswer {
  readonly tokens: number;
  /** Left out of the loss: its tokens weigh 0, and the mini-batch is that much smaller. */
  readonly isMasked: boolean;
}

/**
 * The weight of each answer's tokens, answer by answer.
 *
 * `sequence`: a mean over each answer's tokens, then over answers (PPO here, GRPO as published). `token`: a mean over all answer
 * tokens (DAPO, Yu et al., 2025). `constant`: a sum divided by answers × the most tokens an answer may have (Dr. GRPO, Liu et
 * al., 2025), so that long answers are neither favoured nor spared.
 */
export function tokenWeights(
  normalisation: LossNormalisation,
  answers: readonly WeighedAnswer[],
  maxAnswerTokens: number,
): readonly number[] {
  const trained = answers.filter(({ isMasked }) => !isMasked);
  const all = trained.reduce((total, { tokens }) => total + tokens, 0);
  const weightOf = {
    sequence: (tokens: number) => 1 / (tokens * trained.length),
    token: () => 1 / all,
    constant: () => 1 / (maxAnswerTokens * trained.length),
  }[normalisation];
  return answers.map(({ tokens, isMasked }) => (isMasked ? 0 : weightOf(tokens)));
}

/** The answers of a mini-batch (indices), as `tokenWeights` takes them. */
export function weighedAnswers(
  rollouts: readonly { readonly logProbs: ArrayLike<number>; readonly truncated: boolean }[],
  miniBatch: readonly number[],
  { maskTruncated }: { readonly maskTruncated: boolean },
): readonly WeighedAnswer[] {
  return miniBatch.map((index) => {
    const { logProbs, truncated } = at(rollouts, index);
    return { tokens: logProbs.length, isMasked: maskTruncated && truncated };
  });
}
