/**
 * How a run is watched and steered: the query `progress`, the updates, search attributes, and the Markdown in Temporal's UI.
 */
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { BudgetName, Usage } from '../../activities/annotation/ledger.js';
import type { CurvePoint, TrainingWarning } from '../../activities/report/types.js';
import type { ObjectRef } from '../../activities/store/types.js';
import { type Waiting, waitingSignalName } from '../config/signals.js';
import { metricsOf, type PhaseProgress, positionOf, progressOf, titleOf } from './describePhase.js';
import { type Controls, describeShortages, type Journal, warningsOf } from './journal.js';
import { describeUnknownSignals, noteUnknownSignals } from './unknownSignals.js';
import { beginAnew, noteWaiting, onWaiting, waitingReasons } from './waiting.js';
import { describeWarning } from './warnings.js';
import type { PlannedPhase } from './wholeRun.js';

/** Answer of the query `progress`: the phase under way, and each phase so far. */
export interface Progress extends PhaseProgress {
  readonly phases: readonly PhaseProgress[];
  readonly paused: boolean;
  readonly stopping: boolean;
  readonly elapsedSeconds: number;
  /** Latest accuracy in percent: validation while training, at the end the test set. */
  readonly accuracy?: number;
  /** What training steps need in memory, in a sentence: there before the first. */
  readonly memory?: string;
  /** Of a comparison: its table so far, a line of Markdown a row. */
  readonly table?: readonly string[];
  /** Of an annotation: what it has spent, and what is left. */
  readonly annotation?: AnnotationProgress;
  /** Of a run: its phases from the first to the last and how much work each is; empty before its data are prepared. */
  readonly plan?: readonly PlannedPhase[];
  /** What the run waits for that a person has to mend. */
  readonly waiting: readonly string[];
  /** What it was told and cannot obey, in sentences; absent where it obeyed all. */
  readonly notObeyed?: readonly string[];
  /** Signs of collapse so far, one a kind. */
  readonly warnings: readonly TrainingWarning[];
  /** The workflow that continues supervised training beside this one, once it has started. */
  readonly baselineWorkflowId?: string;
}

/** How far an annotation is. */
export interface AnnotationProgress {
  /** Of all questions, those with a right answer are not counted anew. */
  readonly questions: number;
  readonly answers: number;
  /** Answers paid for by earlier annotations. */
  readonly reused: number;
  readonly right: number;
  readonly spent: Usage;
  readonly cost: number;
  /** Of each budget that there is. */
  readonly left: Readonly<Partial<Record<BudgetName, number>>>;
  /** Tries that failed, by reason. */
  readonly faults: Readonly<Record<string, number>>;
}

export const progressQuery = defineQuery<Progress>('progress');

/** Answer of the query `curve`: every epoch's and round's metrics, as far as the workflow has them. */
export interface CurveSoFar {
  /** Those that were moved out of the workflow's state into the store, before the others. */
  readonly recorded: ObjectRef | null;
  readonly points: readonly CurvePoint[];
}

export const curveQuery = defineQuery<CurveSoFar>('curve');
export const pauseUpdate = defineUpdate<Progress>('pause');
export const resumeUpdate = defineUpdate<Progress>('resume');
export const stopEarlyUpdate = defineUpdate<Progress>('stopEarly');
const updateNames = [pauseUpdate, resumeUpdate, stopEarlyUpdate].map(({ name }) => name);
/** From a run to its baseline: what `controls` are now. */
export const controlsSignal = defineSignal<[Controls]>('controls');

/** From an activity: what it waits for. */
const waitingSignal = defineSignal<[Waiting]>(waitingSignalName);

const phaseKey = defineSearchAttributeKey('ReftPhase', 'KEYWORD');
const roundKey = defineSearchAttributeKey('ReftRound', 'INT');
const accuracyKey = defineSearchAttributeKey('ReftAccuracy', 'DOUBLE');

/** Answers `progress` and `curve`, and obeys `pause`, `resume` and `stopEarly` (for a baseline, the signal from its run). */
export function serveProgress(
  journal: Journal,
  more: () => Partial<Progress> = () => ({}),
  recorded: () => ObjectRef | null | undefined = () => null,
): void {
  const describe = (): Progress => ({ ...describeJournal(journal), ...more() });
  const steer = (change: Partial<Controls>) => (): Progress => {
    setControls(journal, { ...journal.controls, ...change });
    return describe();
  };
  setHandler(progressQuery, describe, { description: 'Phase, finished rounds, latest metrics and seconds left' });
  setHandler(curveQuery, () => ({ recorded: recorded() ?? null, points: journal.points }), {
    description: 'The metrics of each epoch and round so far',
  });
  setHandler(pauseUpdate, steer({ paused: true }), { description: 'Waits after the work under way, until resumed' });
  const resume = steer({ paused: false });
  setHandler(
    resumeUpdate,
    () => {
      beginAnew();
      return resume();
    },
    { description: 'Goes on after a pause, and tries at once what waits to be mended' },
  );
  setHandler(stopEarlyUpdate, steer({ stopping: true, paused: false }), {
    description: 'Trains no further: evaluates and reports the best checkpoint so far',
  });
  setHandler(
    controlsSignal,
    (controls) => {
      if (!controls.paused) beginAnew();
      setControls(journal, controls);
    },
    { description: 'Passes on pause, resume and stopEarly of the parent run' },
  );
  noteUnknownSignals(() => showDetails(journal));
  onWaiting(() => showDetails(journal));
  setHandler(waitingSignal, noteWaiting, { description: 'A step waits for what a person has to mend' });
}

function setControls(journal: Journal, controls: Controls): void {
  const current = journal.phases.at(-1);
  // A pause is no part of a round's duration.
  if (current && journal.controls.paused && !controls.paused) current.unitStartedAt = Date.now();
  journal.controls = controls;
  showDetails(journal);
}

/** Waits while the run is paused. */
export async function whilePaused(journal: Journal): Promise<void> {
  if (journal.controls.paused) await condition(() => !journal.controls.paused);
}

/** Brings search attributes and the UI's details up to date with the journal. */
export function showProgress(journal: Journal): void {
  const current = journal.phases.at(-1);
  if (current === undefined) return;
  upsertSearchAttributes([
    { key: phaseKey, value: current.name },
    { key: roundKey, value: current.done },
    ...(journal.accuracy === undefined ? [] : [{ key: accuracyKey, value: journal.accuracy }]),
  ]);
  showDetails(journal);
}

/** What a workflow is at before its first phase. */
const notBegun: PhaseProgress = { phase: 'prepare', unit: 'step', round: 0, rounds: 1, metrics: {} };

function describeJournal(journal: Journal): Progress {
  const phases = journal.phases.map(progressOf);
  const current = phases.at(-1) ?? notBegun;
  const notObeyed = describeUnknownSignals(updateNames);
  return {
    ...current,
    phases,
    ...journal.controls,
    waiting: waitingReasons(),
    warnings: warningsOf(journal),
    elapsedSeconds: (Date.now() - journal.startedAt) / 1_000,
    ...(journal.accuracy === undefined ? {} : { accuracy: journal.accuracy }),
    ...(journal.memory === undefined ? {} : { memory: [journal.memory, ...describeShortages(journal)].join(' ') }),
    ...(journal.table === undefined ? {} : { table: journal.table }),
    ...(notObeyed.length === 0 ? {} : { notObeyed }),
  };
}

/** Of what is waited for. */
export const whenMended = 'mended, it goes on within a minute, or at once by the update resume';

/** A flat list: the UI joins the lines of nested ones, and sets the headers of tables without spaces between them. */
function showDetails(journal: Journal): void {
  const { paused, stopping } = journal.controls;
  const state = paused ? ['**Paused** until the update `resume`\n'] : stopping ? ['**Stopping early**\n'] : [];
  const phases = journal.phases.map(progressOf).map((phase) => {
    const parts = [positionOf(phase), timeLeft(phase), ...metricsOf(phase)].filter((part) => part !== '');
    return `- **${titleOf(phase)}**: ${parts.join(', ')}`;
  });
  const memory = journal.memory === undefined ? [] : [`- ${journal.memory}`];
  const shortages = describeShortages(journal).map((shortage) => `- ⚠ **Warning**, ${shortage}`);
  const waiting = waitingReasons().map((reason) => `- **Waiting**: ${reason} (${whenMended})`);
  const notObeyed = describeUnknownSignals(updateNames).map((sentence) => `- ⚠ **Warning**, ${sentence}`);
  const warnings = warningsOf(journal).map((warning) => `- ⚠ **Warning**, ${describeWarning(warning)}`);
  const table = journal.table === undefined ? [] : journal.table;
  setCurrentDetails(
    [...state, ...phases, ...waiting, ...notObeyed, ...warnings, ...shortages, ...memory, ...table].join('\n'),
  );
}

function timeLeft({ etaSeconds, round, rounds }: PhaseProgress): string {
  if (etaSeconds === undefined || round === rounds) return '';
  const minutes = Math.ceil(etaSeconds / 60);
  return minutes > 1 ? `about ${minutes} minutes left` : 'about a minute left';
}
