/** What people know the metrics of epochs and rounds by: titles of charts and of columns, help texts of gauges. Pure. */

export interface MetricTitle {
  readonly title: string;
  /** `%`, `nats`, … ; empty for a plain number. */
  readonly unit: string;
}

/** In the order of the charts. */
const titles: Readonly<Record<string, MetricTitle>> = {
  validationAccuracy: { title: 'Validation accuracy', unit: '%' },
  reward: { title: 'Mean reward', unit: '' },
  accuracy: { title: 'Samples classified right', unit: '%' },
  klPerToken: { title: 'KL per token', unit: 'nats' },
  loss: { title: 'Loss', unit: 'nats' },
  policyLoss: { title: 'Policy loss', unit: '' },
  valueLoss: { title: 'Value loss', unit: '' },
  entropy: { title: 'Entropy per token', unit: 'nats' },
  sampleAccuracy: { title: 'Right among sampled', unit: '%' },
  extracted: { title: 'Answers with a value', unit: '%' },
  extractedWrong: { title: 'Wrong answers with a value', unit: '%' },
  nothingExtracted: { title: 'Answers without a value', unit: '%' },
  commonestChoice: { title: 'Commonest option', unit: '%' },
  rewardRight: { title: 'Reward from right answers', unit: '' },
  rewardExtracted: { title: 'Reward from wrong answers with a value', unit: '' },
  klPenalty: { title: 'KL penalty on an answer', unit: '' },
  clipFraction: { title: 'Clipped share of tokens', unit: '' },
  clipFractionHigh: { title: 'Clipped above the range', unit: '' },
  clipFractionLow: { title: 'Clipped below the range', unit: '' },
  explainedVariance: { title: 'Variance the critic explains', unit: '' },
  answerLength: { title: 'Answer length', unit: 'tokens' },
  longestAnswer: { title: 'Longest answer', unit: 'tokens' },
  truncated: { title: 'Truncated answers', unit: '%' },
  klLoss: { title: 'KL estimate in the loss', unit: 'nats' },
  groupsWithoutSignal: { title: 'Questions that tell nothing', unit: '%' },
  questionsDrawn: { title: 'Questions drawn', unit: '' },
  extraBatches: { title: 'Extra batches', unit: '' },
  droppedRight: { title: 'Questions dropped: all answers right', unit: '' },
  droppedWrong: { title: 'Questions dropped: all others', unit: '' },
  overlongPenalty: { title: 'Penalty for length', unit: '' },
  gradientNorm: { title: 'Gradient norm', unit: '' },
  skippedSteps: { title: 'Steps skipped, gradients overflowed', unit: '' },
  lossScale: { title: 'Loss scale', unit: '' },
  klPerSequence: { title: 'KL per answer', unit: 'nats' },
  entropyPerSequence: { title: 'Entropy of an answer', unit: 'nats' },
  approximateKl: { title: 'KL of an update, per token', unit: 'nats' },
  ratio: { title: 'Mean probability ratio', unit: '' },
  largestRatio: { title: 'Largest probability ratio', unit: '' },
  samplerMismatch: { title: 'Sampler mismatch, largest', unit: 'nats' },
  samplerMismatchMean: { title: 'Sampler mismatch, mean', unit: 'nats' },
  samplerRatio: { title: 'Mean ratio of trainer to sampler', unit: '' },
};

/** Those that have a title, in the order of the charts. */
export const metricNames: readonly string[] = Object.keys(titles);

/** Its own name where a metric has no title. */
export function titleOfMetric(name: string): MetricTitle {
  return titles[name] ?? untitled(name);
}

/** Metrics of several members: `failed.<reason>` counts answers without a value, `reward.<part>` is the mean of a part of the reward. */
const families: Readonly<Record<string, MetricTitle>> = {
  failed: { title: 'No value', unit: 'answers' },
  reward: { title: 'Reward', unit: '' },
  validationReward: { title: 'Validation reward', unit: '' },
};

function untitled(name: string): MetricTitle {
  const [family = name, ...member] = name.split('.');
  const known = families[family];
  return known === undefined || member.length === 0
    ? { title: name, unit: '' }
    : { title: `${known.title}: ${member.join('.')}`, unit: known.unit };
}
