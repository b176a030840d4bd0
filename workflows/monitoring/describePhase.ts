/** A phase in words, for whoever watches a run: in the details of Temporal's UI, and on a terminal. */

import { methodNames, methods, type TrainingPhase, trainingPhaseOf } from '../config/methods.js';
import { estimateSecondsLeft, type Phase, type PhaseName, secondsPerUnit } from './journal.js';

/** A phase as it is shown: `round` of `rounds` units are done. */
export interface PhaseProgress {
  readonly phase: PhaseName;
  readonly unit: Phase['unit'];
  readonly round: number;
  readonly rounds: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** By the update `stopEarly`, before its last unit. */
  readonly stopped?: true;
  /** Until this phase ends; absent before its first unit is done. */
  readonly etaSeconds?: number;
  /** What a unit takes at its pace; absent before its first. */
  readonly unitSeconds?: number;
  /** When it began, in milliseconds since 1970; absent where an earlier version began it. */
  readonly startedAt?: number;
}

export function progressOf(phase: Phase): PhaseProgress {
  const etaSeconds = phase.stopped ? undefined : estimateSecondsLeft(phase);
  const unitSeconds = secondsPerUnit(phase);
  return {
    phase: phase.name,
    unit: phase.unit,
    round: phase.done,
    rounds: phase.total,
    metrics: phase.metrics,
    ...(phase.stopped ? { stopped: phase.stopped } : {}),
    ...(etaSeconds === undefined ? {} : { etaSeconds }),
    ...(unitSeconds === undefined ? {} : { unitSeconds }),
    ...(phase.startedAt === undefined ? {} : { startedAt: phase.startedAt }),
  };
}

const titlesOfMethods = Object.fromEntries(
  methodNames.map((method) => [trainingPhaseOf(method), methods[method].training]),
) as Readonly<Record<TrainingPhase, string>>;

const titles: Readonly<Record<PhaseName, string>> = {
  prepare: 'Data',
  'warm-up': 'Warm-up',
  difficulty: 'Difficulty',
  ...titlesOfMethods,
  'reward-model': 'Reward model',
  evaluation: 'Evaluation',
  annotation: 'Annotation',
  comparison: 'Comparison',
  report: 'Report',
  finished: 'Finished',
};

export function titleOf({ phase }: Pick<PhaseProgress, 'phase'>): string {
  return titles[phase];
}

/** `round 66 of 80`; empty for a phase that has no units. */
export function positionOf({ unit, round, rounds, stopped }: PhaseProgress): string {
  if (rounds === 0) return '';
  if (stopped)
    return round === 0 ? 'not begun, as it was stopped early' : `stopped after ${unit} ${round} of ${rounds}`;
  if (rounds === 1) return round === 0 ? 'under way' : 'done';
  return `${unit} ${round} of ${rounds}`;
}

const plain = (value: number): string => String(Number(value.toPrecision(3)));
const percent = (value: number): string => `${value.toFixed(1)} %`;

/** The metrics worth a place beside a phase, the most telling first; all others are in the query `progress`. */
const shownMetrics: readonly (readonly [name: string, label: string, write: (value: number) => string])[] = [
  ['questions', 'questions', String],
  ['kept', 'kept', String],
  ['vocabulary', 'vocabulary', String],
  ['reward', 'reward', plain],
  ['validationAccuracy', 'validation', percent],
  ['bestValidationAccuracy', 'best', percent],
  ['loss', 'loss', plain],
  ['accuracy', 'classified right', percent],
  ['klPerToken', 'KL per token', plain],
  ['warmUp', 'warm-up', percent],
  ...methodNames.map((name) => [name, methods[name].title, percent] as const),
  ['voting', 'voting', percent],
  ['reranking', 'reranking', percent],
  ['upperBound', 'upper bound', percent],
  ['right', 'right answers', plain],
  ['answers', 'answers', plain],
  ['cost', 'cost', plain],
  ['atOnce', 'at once', plain],
];

/** `reward 0.87`, `validation 85.5 %`, … */
export function metricsOf({ metrics }: PhaseProgress): string[] {
  return shownMetrics.flatMap(([name, label, write]) => {
    const value = metrics[name];
    return value === undefined ? [] : [`${label} ${write(value)}`];
  });
}
