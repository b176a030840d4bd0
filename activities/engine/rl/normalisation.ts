/** How answer tokens divide the loss of a mini-batch among them. */

export const lossNormalisations = ['sequence', 'token', 'constant'] as const;
export type LossNormalisation = (typeof lossNormalisations)[number];

/**
 * The weight of each answer's tokens, answer by answer.
 *
 * `sequence`: a mean over each answer's tokens, then over answers (PPO here, GRPO as published). `token`: a mean over all answer
 * tokens (DAPO, Yu et al., 2025). `constant`: a sum divided by answers × the most tokens an answer may have (Dr. GRPO, Liu et
 * al., 2025), so that long answers are neither favoured nor spared.
 */
export function tokenWeights(
  normalisation: LossNormalisation,
  lengths: readonly number[],
  maxAnswerTokens: number,
): readonly number[] {
  const tokens = lengths.reduce((a, b) => a + b, 0);
  switch (normalisation) {
    case 'sequence':
      return lengths.map((length) => 1 / (length * lengths.length));
    case 'token':
      return lengths.map(() => 1 / tokens);
    case 'constant':
      return lengths.map(() => 1 / (maxAnswerTokens * lengths.length));
  }
}
