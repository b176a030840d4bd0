/** A run's progress on a terminal: a bar for each phase with its time left and metrics; now and then a line where there is no terminal. */
import { MultiBar, type SingleBar } from 'cli-progress';
import type { PhaseProgress } from '../../workflows/monitoring/describePhase.js';
import { metricsOf, positionOf, titleOf } from '../../workflows/monitoring/describePhase.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { describeWarning } from '../../workflows/monitoring/warnings.js';

export interface ProgressDisplay {
  /** Shows the latest progress of a run and, while it trains, of its baseline. */
  show(progress: Progress, baseline: Progress | undefined): void;
  /** A line of text beside the progress. */
  note(text: string): void;
  close(): void;
}

export function createProgressDisplay(output: NodeJS.WriteStream): ProgressDisplay {
  const display = output.isTTY ? createBars(output) : createLines(output);
  const told = new Set<string>();
  return {
    ...display,
    show(progress, baseline) {
      display.show(progress, baseline);
      for (const warning of progress.warnings) {
        if (!told.has(warning.kind)) display.note(`Warning, ${describeWarning(warning)}`);
        told.add(warning.kind);
      }
    },
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
  return {
    show(progress, baseline) {
      for (const phase of phasesOf(progress, baseline)) {
        const title = titleOf(phase).padEnd(12);
        const fields = { title, text: describe(phase, columns - title.length - barsize - 3) };
        const bar = barOf.get(phase.phase) ?? bars.create(phase.rounds, phase.round, fields);
        barOf.set(phase.phase, bar);
        bar.update(phase.round, fields);
      }
    },
    note: (text) => bars.log(`${text}\n`),
    close: () => bars.stop(),
  };
}

/** A log wants to be read: a phase tells of its beginning, its end and, at most so often, of what is between. */
const lineIntervalMs = 10_000;

function createLines(output: NodeJS.WriteStream): ProgressDisplay {
  const shown = new Map<string, { readonly at: number; readonly round: number }>();
  return {
    show(progress, baseline) {
      for (const phase of phasesOf(progress, baseline)) {
        const last = shown.get(phase.phase);
        const isDue = !last || phase.round === phase.rounds || Date.now() - last.at >= lineIntervalMs;
        if (last?.round === phase.round || !isDue) continue;
        shown.set(phase.phase, { at: Date.now(), round: phase.round });
        output.write(`${titleOf(phase)}: ${describe(phase)}\n`);
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

/** `round 66 of 80, 1:15 left, reward 0.87, …`, with as many metrics as there is room for. */
function describe(phase: PhaseProgress, room = Number.POSITIVE_INFINITY): string {
  const parts = [positionOf(phase), timeLeft(phase), ...metricsOf(phase)].filter((part) => part !== '');
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
