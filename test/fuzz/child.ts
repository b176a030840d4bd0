/**
 * The process in which inputs are read, one after another: it may hang, crash or run out of memory. It tells what became of each; whether
 * it hangs is watched from outside (`campaign.ts`).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFailure } from '../../activities/errors.js';
import { required } from '../../activities/invariant.js';
import type { Target } from './target.js';
import { targets } from './targets/index.js';

export interface Asked {
  readonly target: string;
  readonly input: Uint8Array;
}

export interface Told {
  /** What is wrong with how it was read; null where nothing is. */
  readonly problem: string | null;
  readonly outcome: 'read' | 'refused';
}

/** The bounds that hold for every input. */
export const bounds = { seconds: 2, messageBytes: 2_000, timesInput: 10 } as const;
/** What any input may take: the process itself grows and shrinks by this much. */
const spareBytes = 96 * 2 ** 20;

const send = required(process.send, 'a parent').bind(process);
process.on('message', async ({ target, input }: Asked) => {
  const told = await outcomeOf(required(targets[target], `target ${target}`), Buffer.from(input));
  send(told);
});
send('ready');

async function outcomeOf({ read }: Target, input: Uint8Array): Promise<Told> {
  const folder = mkdtempSync(join(tmpdir(), 'reft-fuzz-'));
  const memory = startMemory();
  const before = process.cpuUsage();
  let outcome: Told['outcome'] = 'read';
  let problem: string | null = null;
  try {
    await read(input, folder);
  } catch (error) {
    outcome = 'refused';
    problem = problemOf(error);
  }
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  const grown = memory.peak();
  rmSync(folder, { recursive: true, force: true });
  if (seconds > bounds.seconds) problem ??= `hang: ${seconds.toFixed(1)} s of processor time`;
  if (grown > bounds.timesInput * input.length + spareBytes)
    problem ??= `memory: ${Math.round(grown / 2 ** 20)} MiB for ${input.length} bytes`;
  return { problem, outcome };
}

function problemOf(error: unknown): string | null {
  if (!isFailure(error))
    return `untyped: ${(error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 600)}`;
  if (error.name === 'InternalError') return `a bug: ${error.stack?.slice(0, 600)}`;
  const bytes = Buffer.byteLength(error.message);
  return bytes > bounds.messageBytes ? `a message of ${bytes} bytes: ${error.message.slice(0, 80)}` : null;
}

/** How far the process's memory grows from now on. Linux can begin anew to watch for the peak. */
function startMemory(): { peak(): number } {
  if (process.platform !== 'linux') {
    const { rss } = process.memoryUsage();
    return { peak: () => process.memoryUsage().rss - rss };
  }
  writeFileSync('/proc/self/clear_refs', '5');
  const peak = (): number => 1_024 * Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  const start = peak();
  return { peak: () => peak() - start };
}
