/**
 * Sessions of graphs, kept by what they were built from: a model's every epoch and round runs in the same session.
 */
import { trimDevice } from '../ort/placement.js';
import { createInPlaceSession, type InPlaceSession } from '../ort/runInPlace.js';
import type { ModelGraph } from './graphs.js';
import { machineBudget } from './memoryBudget.js';

export interface GraphSession<Built extends ModelGraph = ModelGraph> {
  readonly modelGraph: Built;
  readonly session: InPlaceSession;
}

/** Sessions hold no weights but they hold memory for activations, so only a few are kept. */
const limit = 8;
/** Least recently used first. */
const sessions = new Map<string, GraphSession>();

/**
 * For between two tasks. A session keeps what its largest run took for runs to come, and the next task plans with the machine's
 * memory as if it were alone: when the process has grown large, sessions go, and are created anew as they are needed. First those
 * that do not train, which are created soonest. Of the device's memory goes what no further task can use.
 *
 * @param bytes what the process may hold on to.
 */
export async function trimSessions(bytes = machineBudget().training / 2): Promise<void> {
  trimDevice();
  for (const isFirst of [true, false])
    for (const [key, { modelGraph }] of [...sessions]) {
      if (process.memoryUsage.rss() <= bytes) return;
      if (!isFirst || !('frozen' in modelGraph)) await releaseSession(key);
    }
}

/** Lets a session go, and the memory it keeps. */
export async function releaseSession(key: string): Promise<void> {
  const held = sessions.get(key);
  sessions.delete(key);
  await held?.session.release();
}

/**
 * Whether a session that only scores is kept for the next time after a run that took so many bytes. One that took more is created
 * anew in far less time than it scores for, and the steps of training have the memory meanwhile.
 */
export function stays(bytes: number): boolean {
  return bytes <= 2 ** 27;
}

/** How a session runs: as `createInPlaceSession` has it. */
interface SessionOptions {
  readonly operatorThreads?: number | undefined;
  readonly recorded?: boolean;
}

/**
 * @param key says everything the graph is built from (model configuration, loss and constants), and its threads where they are
 * given.
 */
export async function graphSession<Built extends ModelGraph>(
  key: string,
  build: () => Built,
  options: SessionOptions = {},
): Promise<GraphSession<Built>> {
  const known = sessions.get(key);
  if (known) {
    sessions.delete(key);
    sessions.set(key, known);
    // A key stands for what was built under it.
    return known as GraphSession<Built>;
  }
  const modelGraph = build();
  const session = await createInPlaceSession(modelGraph.graph, undefined, options.operatorThreads, options.recorded);
  sessions.set(key, { modelGraph, session });
  for (const [oldest, entry] of sessions) {
    if (sessions.size <= limit) break;
    sessions.delete(oldest);
    await entry.session.release();
  }
  return { modelGraph, session };
}
