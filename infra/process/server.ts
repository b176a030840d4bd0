/**
 * A server of a data directory: started through the directory's keeper with its output in a log file, and waited for until it
 * answers; or found running.
 *
 * The rule for sharing: servers belong to their data directory. Its keeper owns them, and ends them when their last user is gone.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Keeper, ServerCommand } from './keeper.js';
import { endProcess, isAlive, runsWith } from './processes.js';
import { readRecord, type ServerRecord } from './record.js';

const startMilliseconds = 60_000;
/** How long a server whose keeper lives may fail to answer before another start takes its place. */
const findMilliseconds = 3_000;

export interface ServerPlan extends Omit<ServerCommand, 'log'> {
  isHealthy(): Promise<boolean>;
}

/**
 * The record of a server that an earlier start left running in `directory` and that still answers; null when none does.
 * @param isHealthy asks the server at the record's ports
 */
export async function findRunningServer(
  directory: string,
  isHealthy: (record: ServerRecord) => Promise<boolean>,
): Promise<ServerRecord | null> {
  const deadline = Date.now() + findMilliseconds;
  do {
    const record = await readRecord(directory);
    if (record?.owner == null || !isAlive(record.owner)) return null;
    if (await isHealthy(record)) return record;
    await sleep(100);
  } while (Date.now() < deadline);
  return null;
}

/** Ends the process of a record whose keeper is gone: killed together with its watchdog, or still on its way out. */
export async function endLeftover(directory: string): Promise<void> {
  const record = await readRecord(directory);
  if (record && (await runsWith(record.pid, directory))) await endProcess(record.pid);
}

/**
 * Starts a server and waits until it answers. From then on it is started again should it die.
 * @throws Error with the end of its log when it exits or does not answer within a minute
 */
export async function startServer({ isHealthy, ...command }: ServerPlan, keeper: Keeper): Promise<void> {
  const { name, program, directory } = command;
  const log = join(directory, 'server.log');
  const failure = await waitUntilHealthy(isHealthy, keeper.start({ ...command, log }));
  if (failure === null) return keeper.keep(name);
  await keeper.drop(name);
  throw new Error(`${name} (${program}) did not start: ${failure}. The end of ${log}:\n${await endOf(log)}`);
}

/** Null once the server answers, else why it will not. */
async function waitUntilHealthy(isHealthy: () => Promise<boolean>, ended: Promise<string>): Promise<string | null> {
  const exit: { reason: string | null } = { reason: null };
  void ended.then((reason) => {
    exit.reason = reason;
  });
  const deadline = Date.now() + startMilliseconds;
  while (Date.now() < deadline) {
    if (exit.reason !== null) return exit.reason;
    if (await isHealthy()) return null;
    await sleep(50);
  }
  return `no answer within ${startMilliseconds / 1000} s`;
}

async function endOf(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-5).join('\n');
}
