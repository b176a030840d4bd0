/** A run's progress on a terminal: a bar for each phase with its time left and metrics; now and then a line where there is no terminal. */
import { MultiBar, type SingleBar } from 'cli-progress';
import type { PhaseProgress } from '../../workflows/monitoring/describePhase.js';
import { metricsOf, positionOf, titleOf } from '../../workflows/monitoring/describePhase.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { describeWarning } from '../../workflows/monitoring/warnings.js';
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
  return {
    show(progress, baseline, underWay = '') {
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
  return {
    show(progress, baseline, underWay = '') {
      for (const phase of phasesOf(progress, baseline)) {
        const last = shown.get(phase.phase);
        const isDue = !last || phase.round === phase.rounds || Date.now() - last.at >= lineIntervalMs;
        const steps = stepsOf(progress, phase, underWay);
        const isNews = last?.round !== phase.round || (steps !== '' && steps !== last.steps);
        if (!isNews || !isDue) continue;
        shown.set(phase.phase, { at: Date.now(), round: phase.round, steps });
        output.write(`${titleOf(phase)}: ${describe(phase, undefined, steps)}\n`);
      }
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
  if (round >= rounds || etaSeconds === undefined) return '';
  const seconds = Math.round(etaSeconds);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)} left`;
}
