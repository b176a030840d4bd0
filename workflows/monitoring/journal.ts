/**
 * What a workflow notes down: its phases and how far they are, the points of the curves, the work done.
 *
 * Plain JSON, changed in place and carried whole through continue-as-new. `progress.ts` shows it.
 */
import type { DataSetRef } from '../../activities/data/types.js';
import type { MemoryBudget } from '../../activities/engine/training/memoryBudget.js';
import { at } from '../../activities/invariant.js';
import type { CurvePoint, TrainingWarning, Work } from '../../activities/report/types.js';
import type { ObjectRef } from '../../activities/store/types.js';
import type { Watch } from './warnings.js';

export type PhaseName =
  | 'prepare'
  | CurvePoint['phase']
  | 'difficulty'
  | 'evaluation'
  | 'annotation'
  | 'comparison'
  | 'report'
  | 'finished';
export type PhaseUnit = 'step' | 'epoch' | 'round' | 'shard';

/** One stretch of a run: `done` of `total` units. */
export interface Phase {
  readonly name: PhaseName;
  readonly unit: PhaseUnit;
  readonly total: number;
  done: number;
  /** The latest metrics, by name. */
  metrics: Record<string, number>;
  /** Durations of the latest units, in seconds: what the time left is estimated from. */
  recentSeconds: number[];
  /** When the unit under way began, in milliseconds since 1970. */
  unitStartedAt: number;
  /** When the phase began, likewise; absent in one that an earlier version began. */
  readonly startedAt?: number;
  /** Set where `stopEarly` ended it before its last unit. */
  stopped?: true;
}

export interface Journal {
  readonly startedAt: number;
  /** Set by the updates `pause`, `resume` and `stopEarly`; heeded between units of work. */
  controls: Controls;
  /** In order of beginning; the last is under way. */
  phases: Phase[];
  points: CurvePoint[];
  /** What is watched for signs of collapse, and the warnings so far; absent before the first round. */
  watch?: Watch;
  /** Engine work by what it was for. */
  work: Record<string, Work>;
  /** What training steps need in memory, in a sentence; set before the first. */
  memory?: string;
  /** What every step may take of its device's memory: chosen when the run is planned, halved where memory ran out. */
  budget?: MemoryBudget;
  /** Where that was. */
  shortages?: readonly string[];
  /** Latest accuracy in percent: validation while training, at the end the test set. */
  accuracy?: number;
  /** Of a comparison: its table so far, a line a row. */
  table?: readonly string[];
  /** Some of the newest round's answers, for whoever watches; absent before the first round. */
  latestAnswers?: LatestAnswers;
}

/** A shard of a round's scored answers, and the questions that they are to. */
export interface LatestAnswers {
  /** From 1. */
  readonly round: number;
  readonly questions: DataSetRef;
  readonly scored: ObjectRef;
}

export interface Controls {
  readonly paused: boolean;
  /** Train no further: evaluate and report what there is. */
  readonly stopping: boolean;
}

const recentUnits = 10;

/** @param budget of a run that was planned by another workflow */
export function openJournal(
  controls: Controls = { paused: false, stopping: false },
  budget?: MemoryBudget | undefined,
): Journal {
  return { startedAt: Date.now(), controls, phases: [], points: [], work: {}, ...(budget ? { budget } : {}) };
}

/** Enters a phase; one entered before continue-as-new is found again as it was. */
export function beginPhase(journal: Journal, name: PhaseName, unit: PhaseUnit, total: number): Phase {
  const entered = journal.phases.find((phase) => phase.name === name);
  if (entered) return entered;
  const now = Date.now();
  const begun = { unitStartedAt: now, startedAt: now };
  const phase: Phase = { name, unit, total, done: 0, metrics: {}, recentSeconds: [], ...begun };
  journal.phases.push(phase);
  return phase;
}

/** Notes one more unit of a phase as done, with its metrics. */
export function finishUnit(phase: Phase, metrics: Readonly<Record<string, number>> = {}): void {
  const now = Date.now();
  phase.done += 1;
  phase.recentSeconds = [...phase.recentSeconds, (now - phase.unitStartedAt) / 1_000].slice(-recentUnits);
  phase.unitStartedAt = now;
  phase.metrics = { ...phase.metrics, ...metrics };
}

/** Whether a phase is to end here, before its next unit, by the update `stopEarly`. */
export function isStopped({ controls }: Journal, phase: Phase): boolean {
  if (controls.stopping) phase.stopped = true;
  return controls.stopping;
}

/** What a reader of the report should know of a run that was stopped by hand. */
export function describeStop({ controls, phases }: Journal): readonly string[] {
  if (!controls.stopping) return [];
  const warmUp = phases.find(({ name }) => name === 'warm-up');
  if (warmUp?.stopped === undefined) return ['Stopped early by hand.'];
  return [
    `Stopped early by hand during the warm-up, after ${warmUp.done} of ${warmUp.total} epochs: nothing was trained after it, and every model is that of the warm-up.`,
  ];
}

/**
 * What a unit of a phase takes, in seconds, from its latest ones; undefined before the first is done. Their median, so that an outage or a
 * retry in one unit does not count for all; of a comparison, whose steps are long trainings and short evaluations, and of shards, which
 * are done several at once, their mean.
 */
export function secondsPerUnit({ name, unit, recentSeconds }: Phase): number | undefined {
  const count = recentSeconds.length;
  if (count === 0) return undefined;
  if (name === 'comparison' || name === 'reward-model' || unit === 'shard')
    return recentSeconds.reduce((sum, seconds) => sum + seconds, 0) / count;
  const sorted = [...recentSeconds].sort((a, b) => a - b);
  return at(sorted, Math.floor(count / 2));
}

/** Seconds until a phase ends, at that pace. */
export function estimateSecondsLeft(phase: Phase): number | undefined {
  const seconds = secondsPerUnit(phase);
  return seconds === undefined ? undefined : seconds * (phase.total - phase.done);
}

/** Signs of collapse so far: none before the first round. */
export function warningsOf({ watch }: Journal): readonly TrainingWarning[] {
  return watch === undefined ? [] : watch.warnings;
}

/** Notes that memory ran out in a step, which then succeeded with half of the budget: later steps keep to that. */
export function noteShortage(journal: Journal, step: string, halved: MemoryBudget | undefined): void {
  if (halved === undefined) return;
  journal.budget = halved;
  journal.shortages = [...shortagesOf(journal), step];
}

function shortagesOf({ shortages }: Journal): readonly string[] {
  return shortages === undefined ? [] : shortages;
}

/** In a sentence each. */
export function describeShortages(journal: Journal): readonly string[] {
  return shortagesOf(journal).map(
    (step) =>
      `Memory ran out in ${step}: it was done again with micro-batches and caches of half the size, and so are all steps from there on.`,
  );
}

/** Adds engine work to what was done before for the same purpose. */
export function addWork(journal: Journal, purpose: string, work: Work): void {
  const before = journal.work[purpose];
  journal.work[purpose] = before === undefined ? work : sumWork([before, work]);
}

export function sumWork(parts: readonly Work[]): Work {
  return parts.reduce((sum, part) => ({
    engineSeconds: sum.engineSeconds + part.engineSeconds,
    forwardTokens: sum.forwardTokens + part.forwardTokens,
    backwardTokens: sum.backwardTokens + part.backwardTokens,
    generatedTokens: sum.generatedTokens + part.generatedTokens,
  }));
}
