/**
 * The run's curve points as charts: for each phase, one chart a metric, under the words people know the metric by.
 *
 * A metric without an entry here still gets its chart, under its own name.
 */
import { methods, policyMethodNames } from '../../workflows/config/methods.js';
import type { CurvePoint } from './types.js';

type Phase = CurvePoint['phase'];

/** Values over a phase's epochs or rounds, steps ascending. */
export interface Curve {
  readonly phase: Phase;
  readonly title: string;
  /** `%`, `nats`, … shown beside values; empty for a plain number. */
  readonly unit: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface PhaseCurves {
  readonly phase: Phase;
  readonly title: string;
  /** What the x axis counts. */
  readonly stepName: string;
  readonly curves: readonly Curve[];
}

const phases: readonly Omit<PhaseCurves, 'curves'>[] = [
  ...[...policyMethodNames].reverse().map((method) => {
    const { phase, title } = methods[method];
    return { phase, title, stepName: method === 'reft' ? 'PPO round' : 'round' };
  }),
  { phase: 'online-self-training', title: 'Online self-training', stepName: 'round' },
  { phase: 'expert-iteration', title: 'Expert iteration', stepName: 'round' },
  { phase: 'offline-self-training', title: 'Offline self-training', stepName: 'epoch' },
  { phase: 'sft', title: 'SFT, continued', stepName: 'epoch' },
  { phase: 'warm-up', title: 'Warm-up', stepName: 'epoch' },
  { phase: 'reward-model', title: 'Reward model', stepName: 'epoch' },
];

/** In the order of the charts. */
const metrics: Readonly<Record<string, { readonly title: string; readonly unit: string }>> = {
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
  klPerSequence: { title: 'KL per answer', unit: 'nats' },
  entropyPerSequence: { title: 'Entropy of an answer', unit: 'nats' },
  approximateKl: { title: 'KL of an update, per token', unit: 'nats' },
  ratio: { title: 'Mean probability ratio', unit: '' },
  largestRatio: { title: 'Largest probability ratio', unit: '' },
  samplerMismatch: { title: 'Sampler mismatch, largest', unit: 'nats' },
  samplerMismatchMean: { title: 'Sampler mismatch, mean', unit: 'nats' },
  samplerRatio: { title: 'Mean ratio of trainer to sampler', unit: '' },
};

/** What people know a metric by; its own name where it is not among those. */
export function metricTitle(name: string): string {
  return (metrics[name] ?? untitled(name)).title;
}

/** So many points show all that a small chart can. */
const mostPoints = 250;

/** Groups points by phase and metric; values that are not finite leave a gap. */
export function phaseCurves(points: readonly CurvePoint[]): PhaseCurves[] {
  return phases.flatMap((phase) => {
    const own = points.filter((point) => point.phase === phase.phase).sort((a, b) => a.step - b.step);
    if (own.length === 0) return [];
    const present = new Set(own.flatMap((point) => Object.keys(point.metrics)));
    const known = Object.keys(metrics).filter((name) => present.has(name));
    const unknown = [...present].filter((name) => !(name in metrics)).sort();
    const curves = [...known, ...unknown].map((name): Curve => {
      const { title, unit } = metrics[name] ?? untitled(name);
      const values = own.flatMap(({ step, metrics: { [name]: y } }) =>
        typeof y === 'number' && Number.isFinite(y) ? [{ x: step, y }] : [],
      );
      return { phase: phase.phase, title, unit, points: thin(values) };
    });
    return [{ ...phase, curves: curves.filter((curve) => curve.points.length > 0) }];
  });
}

/** Metrics of several members: `failed.<reason>` counts answers without a value, `reward.<part>` is the mean of a part of the reward. */
const families: Readonly<Record<string, { readonly title: string; readonly unit: string }>> = {
  failed: { title: 'No value', unit: 'answers' },
  reward: { title: 'Reward', unit: '' },
  validationReward: { title: 'Validation reward', unit: '' },
};

function untitled(name: string): { readonly title: string; readonly unit: string } {
  const [family = name, ...member] = name.split('.');
  const known = families[family];
  return known === undefined || member.length === 0
    ? { title: name, unit: '' }
    : { title: `${known.title}: ${member.join('.')}`, unit: known.unit };
}

/** Long curves become means of equally many neighbours. */
function thin(points: Curve['points']): Curve['points'] {
  const together = Math.ceil(points.length / mostPoints);
  if (together <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / together) }, (_, index) => {
    const bin = points.slice(index * together, (index + 1) * together);
    const mean = (pick: (point: { x: number; y: number }) => number): number =>
      bin.reduce((sum, point) => sum + pick(point), 0) / bin.length;
    return { x: mean((point) => point.x), y: mean((point) => point.y) };
  });
}
