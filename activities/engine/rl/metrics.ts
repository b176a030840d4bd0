/** What a round of policy training reports. */

/** Means over a PPO round. KL is in nats; `klPerToken` is the mean of log π_old − log π_ref over answer tokens. */
export interface PolicyMetrics {
  readonly policyLoss: number;
  readonly valueLoss: number;
  readonly klPerToken: number;
  readonly klPerSequence: number;
  /** klCoefficient · klPerSequence: what the penalty takes off an answer's reward, on average. */
  readonly klPenalty: number;
  /** Of the distributions that answer tokens were drawn from, a token and a whole answer. */
  readonly entropy: number;
  readonly entropyPerSequence: number;
  readonly clipFraction: number;
  readonly ratio: number;
  /** Of any token in any step. */
  readonly largestRatio: number;
  /** KL(π_old ‖ π) a token: how far the steps have moved the policy. */
  readonly approximateKl: number;
  readonly explainedVariance: number;
  readonly gradientNorm: number;
  readonly answerLength: number;
  /** Largest |log π sampled − log π recomputed|: how far the decoder is from the training graph. */
  readonly samplerMismatch: number;
}

/** Means over a round of GRPO or RLOO; names as in `PolicyMetrics`. */
export interface GroupPolicyMetrics extends Omit<PolicyMetrics, 'valueLoss' | 'explainedVariance'> {
  /** Mean of the estimate of KL(π ‖ π_ref) a token that the loss has, before its coefficient. */
  readonly klLoss: number;
  /** Share of questions whose answers differ in reward: the others teach nothing. */
  readonly mixedGroups: number;
}
