/**
 * The keeper of a data directory's servers (`keeper.mjs`), as its users see it: found, or started by whoever comes first.
 *
 * A user holds a connection to it. When the last connection is gone, by `leave` or by a kill, the keeper ends the servers and itself.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Log } from '../../activities/log.js';
import { isAlive, runsWith } from './processes.js';

/** What the keeper has to know to start a server, and to start it again. */
export interface ServerCommand {
  readonly name: string;
  /** Its state and its record. The path appears in `args`, by which a left-over process is recognised. */
  readonly directory: string;
  /** The file that its output goes to. */
  readonly log: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly source: string;
  readonly ports: Readonly<Record<string, number>>;
}

export interface Keeper {
  /** Starts a server; resolves when it ends before it is to be kept, with the reason. */
  start(command: ServerCommand): Promise<string>;
  /** From now on the server is started again should it end. */
  keep(name: string): void;
  /** Ends a server. */
  drop(name: string): Promise<void>;
  /** How many processes use the servers, this one included; 0 when the keeper is gone. */
  countUsers(): Promise<number>;
  /** Aborts when the servers are about to end: by `reft down`, or because the keeper was killed. */
  readonly closing: AbortSignal;
  /** Resolves when the servers have ended, unless others use them. Calling it again is harmless. */
  leave(): Promise<void>;
  /** Asks all users to leave; resolves when the servers have ended. */
  end(): Promise<void>;
}

const recordSchema = z.object({ pid: z.number().int(), socket: z.string() });
type KeeperRecord = z.output<typeof recordSchema>;

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ended'), name: z.string(), reason: z.string() }),
  z.object({ type: z.literal('dropped'), name: z.string() }),
  z.object({ type: z.literal('restarting'), name: z.string(), log: z.string() }),
  z.object({ type: z.literal('users'), count: z.number() }),
  z.object({ type: z.literal('down') }),
  z.object({ type: z.literal('left') }),
]);
type Message = z.output<typeof messageSchema>;

const script = fileURLToPath(new URL('../keeper.mjs', import.meta.url));
const startMilliseconds = 30_000;
/** Users that are asked to leave, then the servers, have their time. */
const endMilliseconds = 40_000;

/** The keeper that runs in `directory`, with this process as one more user; null where none does. */
export async function findKeeper(directory: string, log: Log): Promise<Keeper | null> {
  const record = await readKeeperRecord(directory);
  if (record === null || !isAlive(record.pid)) return null;
  const socket = await connected(record.socket);
  if (socket === null) return null;
  const keeper = createKeeper(socket, log);
  // One on its way out may have taken the connection without seeing it.
  return (await keeper.countUsers()) > 0 ? keeper : null;
}

/**
 * The keeper of `directory`, started where there is none. For one process at a time.
 * @throws Error when it cannot be started
 */
export async function joinKeeper(directory: string, log: Log): Promise<Keeper> {
  const running = await findKeeper(directory, log);
  if (running) return running;
  await waitForLeaving(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // A session of its own: Ctrl-C in the terminal ends the user, which first finishes with the servers.
  const child = spawn(process.execPath, [script, directory], { cwd: directory, detached: true, stdio: 'ignore' });
  child.unref();
  // A program that cannot be run at all is told by an event, which must not end this process.
  child.once('error', () => undefined);
  const deadline = Date.now() + startMilliseconds;
  while (Date.now() < deadline && child.exitCode === null) {
    if ((await readKeeperRecord(directory))?.pid === child.pid) {
      const keeper = await findKeeper(directory, log);
      if (keeper) return keeper;
    }
    await sleep(20);
  }
  throw new Error(`The keeper of the servers in ${directory} (${script}) did not start`);
}

/** One that ends its servers takes nobody any more, and the next one must not come between. */
async function waitForLeaving(directory: string): Promise<void> {
  const deadline = Date.now() + endMilliseconds;
  const record = await readKeeperRecord(directory);
  while (record && Date.now() < deadline && (await runsWith(record.pid, basename(script)))) await sleep(50);
}

async function readKeeperRecord(directory: string): Promise<KeeperRecord | null> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(join(directory, 'keeper.json'), 'utf8')));
  } catch {
    return null;
  }
}

async function connected(path: string): Promise<Socket | null> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return null;
  }
}

function createKeeper(socket: Socket, log: Log): Keeper {
  const closing = new AbortController();
  const listeners = new Set<(message: Message | null) => void>();
  const hear = (message: Message | null): void => {
    if (message === null || message.type === 'down') closing.abort();
    if (message?.type === 'restarting')
      log('warn', 'server ended unexpectedly, starting it again', { server: message.name, log: message.log });
    for (const listener of listeners) listener(message);
  };
  createInterface({ input: socket }).on('line', (line) => hear(messageSchema.parse(JSON.parse(line))));
  socket.on('error', () => undefined);
  socket.once('close', () => hear(null));
  // The connection alone keeps nobody alive; whoever waits for an answer does.
  socket.unref();

  /** The first message that `pick` takes; undefined when the keeper is gone. */
  const heard = <T>(pick: (message: Message) => T | undefined): Promise<T | undefined> =>
    new Promise((resolve) => {
      if (socket.destroyed) return resolve(undefined);
      const listener = (message: Message | null): void => {
        const picked = message === null ? undefined : pick(message);
        if (picked === undefined && message !== null) return;
        listeners.delete(listener);
        resolve(picked);
      };
      listeners.add(listener);
    });
  const answered = async <T>(answer: Promise<T>): Promise<T> => {
    socket.ref();
    return answer.finally(() => socket.unref());
  };
  const send = (message: object): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };

  const goodbye = async (type: 'leave' | 'down'): Promise<void> => {
    const left = heard((message) => (message.type === 'left' ? true : undefined));
    send({ type });
    await answered(left);
    socket.destroy();
  };
  let gone: Promise<void> | null = null;
  return {
    closing: closing.signal,
    async start(command) {
      const ended = heard((message) =>
        message.type === 'ended' && message.name === command.name ? message.reason : undefined,
      );
      send({ type: 'start', plan: command });
      return (await ended) ?? 'its keeper is gone';
    },
    keep: (name) => send({ type: 'keep', name }),
    async drop(name) {
      const dropped = heard((message) => (message.type === 'dropped' && message.name === name ? true : undefined));
      send({ type: 'drop', name });
      await answered(dropped);
    },
    async countUsers() {
      const counted = heard((message) => (message.type === 'users' ? message.count : undefined));
      send({ type: 'count' });
      return (await answered(counted)) ?? 0;
    },
    leave() {
      gone ??= goodbye('leave');
      return gone;
    },
    end() {
      gone ??= goodbye('down');
      return gone;
    },
  };
}
