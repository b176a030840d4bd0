/** Lines of the sample objects: what a model answered, and how that was scored. */

/** One line of a samples object (JSON Lines): an answer the model generated. */
export interface Sample {
  /** Index of the question in its data-set object. */
  readonly example: number;
  /** 0 … K−1: which of the question's samples. */
  readonly sample: number;
  /** Generated tokens, EOS included where it was reached. */
  readonly tokens: readonly number[];
  /** log π(token) under the sampling model, one for each token. */
  readonly logProbs: readonly number[];
  /** True when the answer reached the length limit without EOS. */
  readonly truncated: boolean;
}

/** One line of a scored object (JSON Lines): a sample with its reward. */
export interface ScoredSample extends Sample {
  readonly text: string;
  /** The extracted answer; null when nothing could be extracted. */
  readonly value: number | string | null;
  readonly correct: boolean;
  /** 1 right, 0.1 extracted but wrong, 0 nothing extracted. */
  readonly reward: number;
  /** Why nothing was extracted (`syntax`, `timeout`, `no-marker`, …). */
  readonly failure?: string;
}

/** One line of a reward model scores object (JSON Lines): the reward model's probability that a sample is right, in the samples' order. */
export interface RewardModelScore {
  readonly example: number;
  readonly sample: number;
  readonly probability: number;
}
