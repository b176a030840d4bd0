/**
 * The suite: runs of every kind, first undisturbed, then again and again under faults at random moments, until the time is over. Every
 * run has to end as the undisturbed one of its kind, with all its steps.
 *
 * The seed fixes which faults come, in which order, after which pauses, and for how long. What they hit depends on the machine, too, and
 * pauses are longer on one where undisturbed runs take longer: else no run gets anywhere between two faults.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../activities/errors.js';
import { at, required } from '../../activities/invariant.js';
import { aborted } from '../../workers/interruption.js';
import { randomNumbers } from '../support/randomNumbers.js';
import { emptyStore } from './emptyStore.js';
import { type FaultName, faultKinds, shuffledDeck } from './faults.js';
import { type RunKind, runKinds } from './kinds.js';
import { findServer } from './processes.js';
import { makeReport, type Report, type RunRecord, type Strike } from './report.js';
import { type Outcome, startRun } from './runs.js';
import { compareSteps, type Step } from './steps.js';
import { openWorld, type ServerName, type World } from './world.js';

export interface ChaosOptions {
  /** Of faults; the undisturbed runs before, and the ends of those under way after, come on top. */
  readonly minutes: number;
  readonly seed: number;
  readonly kinds?: readonly RunKind[];
  /** Told of each fault and each run. */
  readonly tell?: (line: string) => void;
  /** Ends it early, and all that it has started. */
  readonly signal?: AbortSignal;
}

/** Faults that are under way at a time, at most. */
const lanes = 3;
/** Between two faults of a lane, in milliseconds, on a machine that needs so many seconds for each undisturbed run; on a slower one, longer. */
const pauses = [300, 4_000] as const;
const usualSeconds = 6;
/** Runs under way at a time. */
const runsAtOnce = 3;
/** How often it is told what is up. */
const statusMilliseconds = 60_000;
/** Much longer than runs take to their ends on a busy machine: what is under way so long after the last fault hangs. */
const patienceMilliseconds = 600_000;

interface Calm {
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  readonly seconds: number;
}

/** @throws Error where the signal ends it */
export async function chaos(options: ChaosOptions): Promise<Report> {
  const { tell = () => undefined, signal } = options;
  const world = await openWorld();
  let report: Report | undefined;
  try {
    report = (await Promise.race([watchRuns(world, options), ...(signal ? [aborted(signal)] : [])])) ?? undefined;
    if (report === undefined) throw new Error('interrupted');
    return report;
  } finally {
    const keepsLogs = report?.isSound !== true && signal?.aborted !== true;
    await world.close(keepsLogs, report !== undefined);
    if (keepsLogs) tell(`the workers' logs: ${world.directory}`);
  }
}

async function watchRuns(
  world: World,
  { minutes, seed, kinds = runKinds, tell = () => undefined }: ChaosOptions,
): Promise<Report> {
  const calm = new Map<string, Calm>();
  await inTime(
    Promise.all(kinds.map(async (kind) => calm.set(kind.name, await runCalm(world, kind)))),
    patienceMilliseconds,
    async () => 'the undisturbed runs do not end',
  );
  // They run at the same time.
  const calmSeconds = Math.max(...[...calm.values()].map(({ seconds }) => seconds));
  const slowness = Math.max(1, calmSeconds / (usualSeconds * kinds.length));
  tell(`${kinds.length} undisturbed runs are done; pauses are ${slowness.toFixed(1)} times the usual ones`);
  const until = Date.now() + minutes * 60_000;
  const strikes: Strike[] = [];
  const records: RunRecord[] = [];
  const begun = Date.now();
  const since = (): number => (Date.now() - begun) / 1_000;
  const tellAt = (line: string): void => tell(`${since().toFixed(1).padStart(7)} s  ${line}`);
  const watch = setInterval(() => void describeWorld(world).then(tellAt), statusMilliseconds);
  const underWay = new Set<FaultName>();
  const all = Promise.all([
    ...Array.from({ length: lanes }, (_, lane) =>
      strikeUntil(until, slowness, world, seed * lanes + lane, underWay, (strike) => {
        strikes.push({ ...strike, at: since() });
        tellAt(`${strike.name}: ${strike.failure ?? strike.struck ?? 'nothing to be struck'}`);
      }),
    ),
    runUntil(until, world, kinds, seed, calm, (record) => {
      records.push(record);
      tellAt(`${record.id}: ${record.problem ?? 'as the undisturbed run'}`);
    }),
  ]);
  await inTime(all, minutes * 60_000 + patienceMilliseconds, async () => {
    const places = await Promise.all([...world.runs].map((run) => run.whereItIs()));
    const last = strikes.slice(-12).map(({ name, struck, failure }) => `${name} (${failure ?? struck ?? 'nothing'})`);
    return `it does not end; ${await describeWorld(world)}; ${places.join('; ')}; faults under way: ${[...underWay].join(', ') || 'none'}; the last faults: ${last.join(', ')}`;
  }).finally(() => clearInterval(watch));
  return makeReport({
    seed,
    minutes,
    seconds: since(),
    strikes,
    runs: records,
    ends: world.ends,
    stalls: world.stalls,
  });
}

/** @throws Error with what `describeHang` says, where the work takes longer */
async function inTime(
  work: Promise<unknown>,
  milliseconds: number,
  describeHang: () => Promise<string>,
): Promise<void> {
  const over = new AbortController();
  const limit = sleep(milliseconds, 'late', { signal: over.signal }).catch(() => undefined);
  try {
    if ((await Promise.race([work, limit])) === 'late') throw new Error(await describeHang());
  } finally {
    over.abort();
  }
}

async function describeWorld(world: World): Promise<string> {
  const running = async (name: ServerName): Promise<string> =>
    `${name} ${(await findServer(world, name)).length > 0 ? 'is up' : 'is down'}`;
  const servers = [await running('Temporal'), await running('S3')].join(', ');
  const machines = world.fleet.serving().map(({ name }) => name);
  const runs = [...world.runs].map(({ id }) => id);
  return `under way: ${runs.join(', ')}; serving: ${machines.join(', ') || 'none'}; ${servers}`;
}

async function runCalm(world: World, kind: RunKind): Promise<Calm> {
  const begun = Date.now();
  const run = await startRun(world.client, world.store, `calm-${kind.name}`, kind);
  const outcome = await run.outcome();
  return { outcome, steps: await run.steps(), seconds: (Date.now() - begun) / 1_000 };
}

async function strikeUntil(
  until: number,
  slowness: number,
  world: World,
  seed: number,
  underWay: Set<FaultName>,
  note: (strike: Omit<Strike, 'at'>) => void,
): Promise<void> {
  const deal = randomNumbers(seed);
  for (let deck: FaultName[] = [], count = 0; ; count++) {
    // What a fault draws changes nothing of the next.
    const random = randomNumbers(seed * 1_000_003 + count);
    await sleep(Math.min(random.integer(...pauses) * slowness, Math.max(0, until - Date.now())));
    if (Date.now() >= until) return;
    if (deck.length === 0) deck = shuffledDeck(deal);
    const name = required(deck.pop(), 'a fault');
    underWay.add(name);
    try {
      note({ name, struck: await faultKinds[name].strike(world, random) });
    } catch (error) {
      note({ name, struck: null, failure: describe(error) });
    } finally {
      underWay.delete(name);
    }
  }
}

/** Each kind in turn, in waves of so many. What is under way when the time is over goes on to its end. */
async function runUntil(
  until: number,
  world: World,
  kinds: readonly RunKind[],
  seed: number,
  calm: ReadonlyMap<string, Calm>,
  note: (record: RunRecord) => void,
): Promise<void> {
  for (let begun = seed; Date.now() < until; begun += runsAtOnce) {
    await emptyStore(world.stack.s3);
    const wave = Array.from({ length: runsAtOnce }, async (_, index) => {
      const kind = at(kinds, (begun + index) % kinds.length);
      note(await runDisturbed(world, kind, `${kind.name}-${begun + index}`, required(calm.get(kind.name), kind.name)));
    });
    await Promise.all(wave);
  }
}

async function runDisturbed(world: World, kind: RunKind, id: string, calm: Calm): Promise<RunRecord> {
  const begun = Date.now();
  const run = await startRun(world.client, world.store, id, kind);
  world.runs.add(run);
  const base = { id, kind: kind.name, calmSeconds: calm.seconds };
  try {
    const outcome = await run.outcome();
    const seconds = (Date.now() - begun) / 1_000;
    const { lost, repeated, repeatedSecondsAtMost } = compareSteps(calm.steps, await run.steps());
    const isSame = outcome.hash === calm.outcome.hash && outcome.metrics === calm.outcome.metrics;
    const problem = isSame ? (lost.length > 0 ? `lost ${lost.join(', ')}` : undefined) : differenceOf(calm, outcome);
    return {
      ...base,
      seconds,
      isSame,
      lost,
      repeated,
      repeatedSecondsAtMost,
      sentBack: run.sentBack(),
      ...(problem === undefined ? {} : { problem }),
    };
  } catch (error) {
    const seconds = (Date.now() - begun) / 1_000;
    const none = { lost: [], repeated: 0, repeatedSecondsAtMost: 0, sentBack: run.sentBack() };
    return { ...base, seconds, isSame: false, ...none, problem: describe(error) };
  } finally {
    world.runs.delete(run);
  }
}

function differenceOf({ outcome }: Calm, { hash, metrics }: Outcome): string {
  if (outcome.hash !== hash) return `ends in ${hash}, undisturbed in ${outcome.hash}`;
  return `has other accuracies: ${metrics}, undisturbed ${outcome.metrics}`;
}

/** With what caused it, down to the first failure. */
function describe(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${describe(cause)}`;
}
