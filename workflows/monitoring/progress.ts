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
import type { TrainingWarning } from '../../activities/report/types.js';
import { type Waiting, waitingSignalName } from '../config/signals.js';
import { metricsOf, type PhaseProgress, positionOf, progressOf, titleOf } from './describePhase.js';
import { type Controls, type Journal, noteWaiting, waitingOf, warningsOf } from './journal.js';
import { describeWarning } from './warnings.js';

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
  /** What the run waits for that is not there: scorers of its reward. */
  readonly waiting: readonly string[];
  /** Signs of collapse so far, one a kind. */
  readonly warnings: readonly TrainingWarning[];
  /** The workflow that continues supervised training beside this one, once it has started. */
  readonly baselineWorkflowId?: string;
}

export const progressQuery = defineQuery<Progress>('progress');
export const pauseUpdate = defineUpdate<Progress>('pause');
export const resumeUpdate = defineUpdate<Progress>('resume');
export const stopEarlyUpdate = defineUpdate<Progress>('stopEarly');
/** From a run to its baseline: what `controls` are now. */
export const controlsSignal = defineSignal<[Controls]>('controls');

/** From an activity: what it waits for. */
const waitingSignal = defineSignal<[Waiting]>(waitingSignalName);

const phaseKey = defineSearchAttributeKey('ReftPhase', 'KEYWORD');
const roundKey = defineSearchAttributeKey('ReftRound', 'INT');
const accuracyKey = defineSearchAttributeKey('ReftAccuracy', 'DOUBLE');

/** Answers `progress`, and obeys `pause`, `resume` and `stopEarly` (for a baseline, the signal from its run). */
export function serveProgress(journal: Journal, more: () => Partial<Progress> = () => ({})): void {
  const describe = (): Progress => ({ ...describeJournal(journal), ...more() });
  const steer = (change: Partial<Controls>) => (): Progress => {
    setControls(journal, { ...journal.controls, ...change });
    return describe();
  };
  setHandler(progressQuery, describe, { description: 'Phase, finished rounds, latest metrics and seconds left' });
  setHandler(pauseUpdate, steer({ paused: true }), { description: 'Waits after the work under way, until resumed' });
  setHandler(resumeUpdate, steer({ paused: false }), { description: 'Goes on after a pause' });
  setHandler(stopEarlyUpdate, steer({ stopping: true, paused: false }), {
    description: 'Trains no further: evaluates and reports the best checkpoint so far',
  });
  setHandler(controlsSignal, (controls) => setControls(journal, controls), {
    description: 'Passes on pause, resume and stopEarly of the parent run',
  });
  setHandler(
    waitingSignal,
    (waiting) => {
      noteWaiting(journal, waiting);
      showDetails(journal);
    },
    { description: 'A step waits for a scorer that is not there' },
  );
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
  return {
    ...current,
    phases,
    ...journal.controls,
    waiting: waitingOf(journal),
    warnings: warningsOf(journal),
    elapsedSeconds: (Date.now() - journal.startedAt) / 1_000,
    ...(journal.accuracy === undefined ? {} : { accuracy: journal.accuracy }),
    ...(journal.memory === undefined ? {} : { memory: journal.memory }),
    ...(journal.table === undefined ? {} : { table: journal.table }),
  };
}

/** A flat list: the UI joins the lines of nested ones, and sets the headers of tables without spaces between them. */
function showDetails(journal: Journal): void {
  const { paused, stopping } = journal.controls;
  const state = paused ? ['**Paused** until the update `resume`\n'] : stopping ? ['**Stopping early**\n'] : [];
  const phases = journal.phases.map(progressOf).map((phase) => {
    const parts = [positionOf(phase), timeLeft(phase), ...metricsOf(phase)].filter((part) => part !== '');
    return `- **${titleOf(phase)}**: ${parts.join(', ')}`;
  });
  const memory = journal.memory === undefined ? [] : [`- ${journal.memory}`];
  const waiting = waitingOf(journal).map((reason) => `- **Waiting**: ${reason}`);
  const warnings = warningsOf(journal).map((warning) => `- ⚠ **Warning**, ${describeWarning(warning)}`);
  const table = journal.table === undefined ? [] : journal.table;
  setCurrentDetails([...state, ...phases, ...waiting, ...warnings, ...memory, ...table].join('\n'));
}

function timeLeft({ etaSeconds, round, rounds }: PhaseProgress): string {
  if (etaSeconds === undefined || round === rounds) return '';
  const minutes = Math.ceil(etaSeconds / 60);
  return minutes > 1 ? `about ${minutes} minutes left` : 'about a minute left';
}
