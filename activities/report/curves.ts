/**
 * The run's curve points as charts: for each phase, one chart a metric, under the words people know the metric by.
 *
 * A metric without an entry here still gets its chart, under its own name.
 */
import { methods, policyMethodNames } from '../../workflows/config/methods.js';
import { metricNames, titleOfMetric } from '../../workflows/config/metricTitles.js';
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

/** So many points show all that a small chart can. */
const mostPoints = 250;

/** Groups points by phase and metric; values that are not finite leave a gap. */
export function phaseCurves(points: readonly CurvePoint[]): PhaseCurves[] {
  return phases.flatMap((phase) => {
    const own = points.filter((point) => point.phase === phase.phase).sort((a, b) => a.step - b.step);
    if (own.length === 0) return [];
    const present = new Set(own.flatMap((point) => Object.keys(point.metrics)));
    const known = metricNames.filter((name) => present.has(name));
    const unknown = [...present].filter((name) => !metricNames.includes(name)).sort();
    const curves = [...known, ...unknown].map((name): Curve => {
      const { title, unit } = titleOfMetric(name);
      const values = own.flatMap(({ step, metrics: { [name]: y } }) =>
        typeof y === 'number' && Number.isFinite(y) ? [{ x: step, y }] : [],
      );
      return { phase: phase.phase, title, unit, points: thin(values) };
    });
    return [{ ...phase, curves: curves.filter((curve) => curve.points.length > 0) }];
  });
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
