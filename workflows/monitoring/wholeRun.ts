/** A run as a whole: how much of it is done and how long the rest takes, from the work that is planned and the pace so far. Pure. */
import type { PhaseProgress } from './describePhase.js';
import type { PhaseName } from './journal.js';

export interface PlannedPhase {
  readonly phase: PhaseName;
  /**
   * Answers that are sampled, and answers that are trained on, as often as they are: of one model and one machine each takes about as long
   * as any other. It counts only until the phase has a pace of its own.
   */
  readonly work: number;
  /** Whether it goes on beside the phase before it in the list. */
  readonly isBeside: boolean;
}

export interface WholeRun {
  /** From 0 to 1, in time. */
  readonly done: number;
  /** Absent before anything has a pace. */
  readonly secondsLeft?: number;
}

/** Phases that go on at the same time. */
type Stage = readonly PlannedPhase[];

/** @param phases of the run and of its baseline, as far as they have begun */
export function wholeRun(plan: readonly PlannedPhase[], phases: readonly PhaseProgress[]): WholeRun {
  if (phases.some(({ phase }) => phase === 'finished')) return { done: 1, secondsLeft: 0 };
  const stages = stagesOf(plan);
  const begun = stages.map((stage) => stage.some(({ phase }) => phases.some((one) => one.phase === phase)));
  // What was ended early, by hand or for want of gain, is over when something behind it has begun.
  const current = begun.lastIndexOf(true);
  const measured = stages.map((stage) => measure(stage, phases));
  const secondsDone = sum(measured.map(({ seconds }) => seconds));
  const workDone = sum(measured.map(({ work }) => work));
  if (secondsDone === 0 || workDone === 0) return { done: 0 };
  const secondsLeft = sum(
    stages.map((stage, index) => (index < current ? 0 : left(stage, phases, secondsDone / workDone))),
  );
  return { done: secondsDone / (secondsDone + secondsLeft), secondsLeft };
}

function stagesOf(plan: readonly PlannedPhase[]): readonly Stage[] {
  const stages: PlannedPhase[][] = [];
  for (const phase of plan) {
    const before = stages.at(-1);
    if (phase.isBeside && before) before.push(phase);
    else stages.push([phase]);
  }
  return stages;
}

/** What of a stage is done: phases side by side share the machine, so that their time counts once. */
function measure(stage: Stage, phases: readonly PhaseProgress[]): { readonly seconds: number; readonly work: number } {
  const done = stage.flatMap(({ phase, work }) => {
    const found = phases.find((one) => one.phase === phase);
    if (found?.unitSeconds === undefined) return [];
    return [{ seconds: found.unitSeconds * found.round, work: (work * found.round) / found.rounds }];
  });
  return { seconds: Math.max(0, ...done.map(({ seconds }) => seconds)), work: sum(done.map(({ work }) => work)) };
}

/** At its own pace where it has one, else at that of the run. */
function left(stage: Stage, phases: readonly PhaseProgress[], pace: number): number {
  const known: number[] = [];
  let unknown = 0;
  for (const { phase, work } of stage) {
    const found = phases.find((one) => one.phase === phase);
    if (found?.stopped) continue;
    if (found?.unitSeconds === undefined) unknown += work * pace;
    else known.push(found.unitSeconds * (found.rounds - found.round));
  }
  return Math.max(0, ...known) + unknown;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
