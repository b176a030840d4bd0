/** Lines of the sample objects: what a model answered, and how that was scored. */

/** A question as it was put to the model: the part of a data set's line that rewards go by. */
export interface AskedQuestion {
  readonly id: string;
  readonly question: string;
  /** What the model was given. */
  readonly prompt: string;
  /** The annotated chain of thought with its ending; absent in a test set. */
  readonly answer?: string;
  /** The ground truth: a number, a lower-case option letter for multiple choice, or a text; null where rows have none. */
  readonly answerValue: number | string | null;
  /** Further columns of the question's row, by name; absent where the specification names none (`data.source.columns`). JSON. */
  readonly columns?: Readonly<Record<string, unknown>>;
}

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

/** A sample with its text, as a reward gets it. */
export interface Response extends Sample {
  /** Its tokens up to EOS, decoded. */
  readonly text: string;
}

/** What a reward says of one response. */
export interface Score {
  /** What reinforcement learning maximises: any finite number. */
  readonly reward: number;
  /**
   * Whether the response is right: accuracy, early stopping, the choice of the best checkpoint and self-training go by it. It does not
   * follow from the reward: a wrong response may earn something, and one right response less than another.
   */
  readonly correct: boolean;
  /** The answer found in the response, which takes part in votes; null where there is none. */
  readonly value: number | string | null;
  /** Why there is no value (`syntax`, `timeout`, `no-marker`, …); counted in the metric `failed.<word>`. */
  readonly failure?: string;
  /** What else is to be told of the response, by name: means are reported as the metrics `reward.<name>`. Finite numbers. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** A part of the reward over all samples that have it. */
export interface PartTotal {
  readonly total: number;
  readonly count: number;
}

/** One line of a scored object (JSON Lines): a response with its score. */
export type ScoredSample = Response & Score;

/** One line of a reward model scores object (JSON Lines): the reward model's probability that a sample is right, in the samples' order. */
export interface RewardModelScore {
  readonly example: number;
  readonly sample: number;
  readonly probability: number;
}
