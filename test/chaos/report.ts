/** What a chaos run has shown: as JSON for programs, and as tables. */
import { table } from '../docs/table.js';
import { type FaultName, faultNames } from './faults.js';

export interface Strike {
  readonly name: FaultName;
  /** What it hit; null where there was nothing to be hit. */
  readonly struck: string | null;
  /** Why it could not be done. */
  readonly failure?: string;
  /** Seconds since the first could come. */
  readonly at: number;
}

export interface RunRecord {
  readonly id: string;
  readonly kind: string;
  readonly seconds: number;
  /** Undisturbed. */
  readonly calmSeconds: number;
  /** Whether checkpoint and accuracies are the undisturbed run's. */
  readonly isSame: boolean;
  /** Steps of the undisturbed run that it did not do. */
  readonly lost: readonly string[];
  /** Attempts of steps beyond the first, and what they took, as `steps.ts` reckons it. */
  readonly repeated: number;
  readonly repeatedSecondsAtMost: number;
  /** Steps that a reset sent it back behind: to do those again is what a reset is for. */
  readonly sentBack: number;
  /** What is wrong with it. */
  readonly problem?: string;
}

export interface Observed {
  readonly seed: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly strikes: readonly Strike[];
  readonly runs: readonly RunRecord[];
  /** Workers' ends that nobody asked for. */
  readonly ends: readonly string[];
  /** Workers that neither served nor ended. */
  readonly stalls: readonly string[];
}

export interface Report extends Observed {
  /** Of each kind: how many hit, and how many found nothing to be hit. */
  readonly faults: Readonly<Record<FaultName, { readonly hits: number; readonly misses: number }>>;
  readonly hits: number;
  readonly kindsThatHit: number;
  readonly lostSteps: number;
  readonly differentRuns: number;
  /** For each fault that hit. */
  readonly repeatedPerFault: number;
  readonly repeatedSecondsAtMostPerFault: number;
  /** Whether every run ended as the undisturbed one, with all its steps, and no worker hung. */
  readonly isSound: boolean;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function makeReport(observed: Observed): Report {
  const { strikes, runs, stalls } = observed;
  const countOf = (name: FaultName) => {
    const own = strikes.filter((strike) => strike.name === name);
    const hits = own.filter(({ struck }) => struck !== null).length;
    return [name, { hits, misses: own.length - hits }] as const;
  };
  const counts = faultNames.map(countOf);
  const hits = sum(counts.map(([, count]) => count.hits));
  const perFault = (total: number): number => (hits === 0 ? 0 : total / hits);
  const lostSteps = sum(runs.map(({ lost }) => lost.length));
  const differentRuns = runs.filter(({ isSame }) => !isSame).length;
  return {
    ...observed,
    faults: Object.fromEntries(counts) as Report['faults'],
    hits,
    kindsThatHit: counts.filter(([, count]) => count.hits > 0).length,
    lostSteps,
    differentRuns,
    repeatedPerFault: perFault(sum(runs.map(({ repeated }) => repeated))),
    repeatedSecondsAtMostPerFault: perFault(sum(runs.map(({ repeatedSecondsAtMost }) => repeatedSecondsAtMost))),
    isSound: lostSteps === 0 && differentRuns === 0 && stalls.length === 0,
  };
}

/** Two tables in Markdown, and what they amount to. */
export function describeReport(report: Report): string {
  const { seed, minutes, strikes, runs, ends, stalls, faults, hits, kindsThatHit, lostSteps, differentRuns } = report;
  const faultRows = faultNames.map((name) => [name, String(faults[name].hits), String(faults[name].misses)]);
  const kinds = [...new Set(runs.map(({ kind }) => kind))].sort();
  const runRows = kinds.map((kind) => {
    const own = runs.filter((run) => run.kind === kind);
    const mean = (of: (run: RunRecord) => number): string => (sum(own.map(of)) / own.length).toFixed(1);
    return [
      kind,
      String(own.length),
      String(own.filter(({ isSame }) => isSame).length),
      String(sum(own.map(({ lost }) => lost.length))),
      mean(({ repeated }) => repeated),
      String(sum(own.map(({ sentBack }) => sentBack))),
      mean(({ calmSeconds }) => calmSeconds),
      mean(({ seconds }) => seconds),
    ];
  });
  const heads = ['runs', 'ended', 'the same', 'lost steps', 'attempts again, a run', 'steps sent back', 'calm, s', 's'];
  const problems = [
    ...stalls.map((words) => `- ${words}`),
    ...runs.flatMap(({ id, problem }) => (problem === undefined ? [] : [`- ${id} ${problem}`])),
    ...strikes.flatMap(({ name, failure }) => (failure === undefined ? [] : [`- ${name}: ${failure}`])),
  ];
  return [
    table(['fault', 'hits', 'nothing to hit'], faultRows),
    table(heads, runRows),
    ...(ends.length > 0 ? [`Workers that ended by themselves: ${ends.length}`] : []),
    ...(problems.length > 0 ? [problems.join('\n')] : []),
    `Seed ${seed}, ${minutes} minutes: ${hits} faults of ${kindsThatHit} kinds; ${runs.length} runs, of which ${differentRuns} ended otherwise; ` +
      `${lostSteps} lost steps; a fault cost ${report.repeatedPerFault.toFixed(2)} attempts, ` +
      `${report.repeatedSecondsAtMostPerFault.toFixed(2)} s of work at most.`,
  ].join('\n\n');
}
