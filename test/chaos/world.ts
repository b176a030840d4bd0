/** All that a chaos run has, started here and ended here: servers, the proxies before them, a fleet of workers, a client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createStore } from '../../activities/store/store.js';
import type { Store } from '../../activities/store/types.js';
import { readRecord } from '../../infra/process/record.js';
import { connectionOptions } from '../../infra/temporal/access.js';
import { startTestStack, type TestStack } from '../support/stack.js';
import { type Fleet, openFleet } from './fleet.js';
import { type ServerProxy, startProxy } from './proxy.js';
import type { Run } from './runs.js';
import { type Spoiler, startSpoiler } from './spoils.js';

export type ServerName = 'Temporal' | 'S3';

export interface World {
  /** By the way that knows no disturbance but those of the server itself. */
  readonly client: Client;
  readonly store: Store;
  readonly stack: TestStack;
  readonly fleet: Fleet;
  /** Each stands between a server and the workers. */
  readonly proxies: Readonly<Record<ServerName, ServerProxy>>;
  readonly spoiler: Spoiler;
  /** Runs under way. */
  readonly runs: Set<Run>;
  /** Workers' ends that nobody asked for. */
  readonly ends: string[];
  /** Workers that neither served nor ended. */
  readonly stalls: string[];
  /** Where the workers' logs lie. */
  readonly directory: string;
  /** The server's process; undefined while there is none. It is started again by whoever has started it. */
  serverProcess(name: ServerName): Promise<number | undefined>;
  /**
   * @param keepsLogs of the workers
   * @param isOver whether no call is under way. If one is, the client stays open: a closed one throws at calls that are tried again,
   *   where nobody can catch it, and the process is about to end anyway.
   */
  close(keepsLogs: boolean, isOver: boolean): Promise<void>;
}

export async function openWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'reft-chaos-'));
  const closing: ((isOver: boolean) => Promise<unknown>)[] = [];
  const close = async (keepsLogs: boolean, isOver: boolean): Promise<void> => {
    // What was opened last is closed first.
    for (const end of closing.reverse()) await end(isOver);
    if (!keepsLogs) await rm(directory, { recursive: true, force: true });
  };
  try {
    const stack = await startTestStack();
    closing.push(stack.stop);
    const spoiler = await startSpoiler(stack.s3.endpoint);
    closing.push(spoiler.front.close);
    const proxies = {
      S3: await startProxy(spoiler.front.port),
      Temporal: await startProxy(Number(stack.temporal.address.split(':').at(-1))),
    };
    closing.push(proxies.S3.close, proxies.Temporal.close);
    const connection = await Connection.connect(connectionOptions(stack.temporal));
    closing.push(async (isOver) => (isOver ? await connection.close() : undefined));
    const client = new Client({ connection });
    const access = {
      temporal: { ...stack.temporal, address: `127.0.0.1:${proxies.Temporal.port}` },
      s3: { ...stack.s3, endpoint: `http://127.0.0.1:${proxies.S3.port}` },
    };
    const ends: string[] = [];
    const stalls: string[] = [];
    const fleet = await openFleet({
      ...{ client, access, directory },
      onEnd: (words) => ends.push(words),
      onStall: (words) => stalls.push(words),
    });
    closing.push(fleet.close);
    return {
      client,
      store: createStore({ ...stack.s3, cacheDirectory: join(directory, 'copies'), cacheBytes: 2 ** 26 }),
      stack,
      fleet,
      proxies,
      spoiler,
      runs: new Set(),
      ends,
      stalls,
      directory,
      serverProcess: async (name) => (await readRecord(join(stack.dataDirectory, name.toLowerCase())))?.pid,
      close,
    };
  } catch (error) {
    await close(true, true);
    throw error;
  }
}
