/**
 * A run's progress on a terminal: a bar for the whole run with its time left, and under it one for each phase with its time left and metrics;
 * now and then a line where there is no terminal.
 */
import { MultiBar, type SingleBar } from 'cli-progress';
import type { PhaseProgress } from '../../workflows/monitoring/describePhase.js';
import { metricsOf, positionOf, titleOf } from '../../workflows/monitoring/describePhase.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { describeWarning } from '../../workflows/monitoring/warnings.js';
import { type WholeRun, wholeRun } from '../../workflows/monitoring/wholeRun.js';
import { clock } from '../clock.js';
import { sparkline } from './sparkline.js';

export interface ProgressDisplay {
  /**
   * Shows the latest progress of a run and, while it trains, of its baseline.
   * @param underWay how far the steps of the run's latest phase are, in words; empty where none tells
   */
  show(progress: Progress, baseline: Progress | undefined, underWay?: string): void;
  /** A line of text beside the progress. */
  note(text: string): void;
  close(): void;
}

export function createProgressDisplay(output: NodeJS.WriteStream): ProgressDisplay {
  const display = output.isTTY ? createBars(output) : createLines(output);
  const told = new Set<string>();
  return {
    ...display,
    show(progress, baseline, underWay) {
      display.show(progress, baseline, underWay);
      for (const warning of progress.warnings) {
        if (!told.has(warning.kind)) display.note(`Warning, ${describeWarning(warning)}`);
        told.add(warning.kind);
      }
    },
  };
}

/** JSON Lines for programs: the progress whenever something has been done, and each note. */
export function createJsonDisplay(output: NodeJS.WritableStream): ProgressDisplay {
  let last = '';
  const write = (value: object): void => {
    output.write(`${JSON.stringify(value)}\n`);
  };
  return {
    show(progress, baseline) {
      // Time goes by without anything being done.
      const { elapsedSeconds, etaSeconds, ...state } = progress;
      const now = JSON.stringify([
        state.phases.map(({ etaSeconds: _, ...phase }) => phase),
        state.accuracy,
        baseline?.round,
      ]);
      if (now === last) return;
      last = now;
      write({ progress, ...(baseline ? { baseline } : {}) });
    },
    note: (text) => write({ note: text }),
    close: () => undefined,
  };
}

function createBars(output: NodeJS.WriteStream): ProgressDisplay {
  const columns = output.columns ?? 80;
  const barsize = columns < 100 ? 12 : 24;
  const bars = new MultiBar({
    format: '{title} {bar} {text}',
    barsize,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: false,
    linewrap: false,
    stream: output,
    fps: 5,
  });
  const barOf = new Map<string, SingleBar>();
  const trends = createTrends(Math.min(mostTrendColumns, Math.floor((columns - trendLabelColumns) / 2)));
  /** The line under a phase's bar that shows how its metrics went. */
  const showTrend = (phase: PhaseProgress): void => {
    const text = trends.of(phase);
    if (text === '') return;
    const key = `${phase.phase} trend`;
    const fields = { title: ''.padEnd(12), text };
    const line = barOf.get(key) ?? bars.create(1, 0, fields, { format: '{title} {text}' });
    barOf.set(key, line);
    line.update(0, fields);
  };
  /** The first line, which is there from the beginning on. */
  const showWhole = (progress: Progress, baseline: Progress | undefined): void => {
    const whole = wholeOf(progress, baseline);
    if (whole === undefined) return;
    const fields = { title: 'Whole run'.padEnd(12), text: inWords(whole, progress) };
    const bar = barOf.get('whole') ?? bars.create(1, 0, fields);
    barOf.set('whole', bar);
    bar.update(whole.done, fields);
  };
  return {
    show(progress, baseline, underWay = '') {
      showWhole(progress, baseline);
      for (const phase of phasesOf(progress, baseline)) {
        const title = titleOf(phase).padEnd(12);
        const fields = {
          title,
          text: describe(phase, columns - title.length - barsize - 3, stepsOf(progress, phase, underWay)),
        };
        const bar = barOf.get(phase.phase) ?? bars.create(phase.rounds, phase.round, fields);
        barOf.set(phase.phase, bar);
        bar.update(phase.round, fields);
        showTrend(phase);
      }
    },
    note: (text) => bars.log(`${text}\n`),
    close: () => bars.stop(),
  };
}

/** Metrics whose course is shown, with what the line calls them. */
const trendMetrics = [
  ['reward', 'reward'],
  ['validationAccuracy', 'validation'],
] as const;
const mostTrendColumns = 30;
/** Title, labels and spaces of a line. */
const trendLabelColumns = 36;

/** Notes the metrics of each round as it is shown, and draws them: `reward ▁▃▅▇  validation ▁▂▆█`. Rounds before were not seen. */
function createTrends(width: number): { of(phase: PhaseProgress): string } {
  const seen = new Map<string, { round: number; readonly values: number[] }>();
  return {
    of({ phase, round, metrics }) {
      return trendMetrics
        .flatMap(([name, label]) => {
          const value = metrics[name];
          if (value === undefined) return [];
          const key = `${phase} ${name}`;
          const known = seen.get(key) ?? { round: -1, values: [] };
          if (round > known.round) known.values.push(value);
          known.round = round;
          seen.set(key, known);
          const line = sparkline(known.values, width);
          return line === '' ? [] : [`${label} ${line}`];
        })
        .join('  ');
    },
  };
}

/** A log wants to be read: a phase tells of its beginning, its end and, at most so often, of what is between. */
const lineIntervalMs = 10_000;

function createLines(output: NodeJS.WriteStream): ProgressDisplay {
  const shown = new Map<string, { readonly at: number; readonly round: number; readonly steps: string }>();
  let lastPercent: number | undefined;
  return {
    show(progress, baseline, underWay = '') {
      const lines = phasesOf(progress, baseline).flatMap((phase) => {
        const last = shown.get(phase.phase);
        const isDue = !last || phase.round === phase.rounds || Date.now() - last.at >= lineIntervalMs;
        const steps = stepsOf(progress, phase, underWay);
        const isNews = last?.round !== phase.round || (steps !== '' && steps !== last.steps);
        if (!isNews || !isDue) return [];
        shown.set(phase.phase, { at: Date.now(), round: phase.round, steps });
        return [`${titleOf(phase)}: ${describe(phase, undefined, steps)}\n`];
      });
      const whole = wholeOf(progress, baseline);
      // Once a percent, with what is told at any rate: time goes by without anything being done.
      if (whole !== undefined && lines.length > 0 && lastPercent !== percentOf(whole)) {
        lastPercent = percentOf(whole);
        lines.unshift(`Whole run: ${inWords(whole, progress)}\n`);
      }
      for (const line of lines) output.write(line);
    },
    note: (text) => {
      output.write(`${text}\n`);
    },
    close: () => undefined,
  };
}

function phasesOf(progress: Progress, baseline: Progress | undefined): readonly PhaseProgress[] {
  return [progress, ...(baseline ? [baseline] : [])].flatMap(({ phases }) => phases).filter(({ rounds }) => rounds > 0);
}

/** Steps belong to the phase that the run is in. */
function stepsOf({ phase, round, rounds }: Progress, shown: PhaseProgress, underWay: string): string {
  return shown.phase === phase && round < rounds ? underWay : '';
}

/** `round 66 of 80, 32 of 48 answers, 1:15 left, reward 0.87, …`, with as many metrics as there is room for. */
function describe(phase: PhaseProgress, room = Number.POSITIVE_INFINITY, steps = ''): string {
  const parts = [positionOf(phase), steps, timeLeft(phase), ...metricsOf(phase)].filter((part) => part !== '');
  while (parts.length > 1 && parts.join(', ').length > room) parts.pop();
  return parts.join(', ');
}

function timeLeft({ etaSeconds, round, rounds }: PhaseProgress): string {
  return round >= rounds || etaSeconds === undefined ? '' : `${clock(etaSeconds)} left`;
}

/** Undefined for what has no plan: a comparison, an evaluation, an annotation. */
function wholeOf(progress: Progress, baseline: Progress | undefined): WholeRun | undefined {
  if (progress.plan === undefined) return undefined;
  return wholeRun(progress.plan, [...progress.phases, ...(baseline ? baseline.phases : [])]);
}

const percentOf = ({ done }: WholeRun): number => Math.floor(100 * done);

/** `42 % after 8:10, about 12:30 left`. */
function inWords(whole: WholeRun, { elapsedSeconds }: Progress): string {
  const { done, secondsLeft } = whole;
  const left = secondsLeft === undefined || done === 1 ? '' : `, about ${clock(secondsLeft)} left`;
  return `${percentOf(whole)} % after ${clock(elapsedSeconds)}${left}`;
}
