/**
 * A server this process owns: started with its output in a log file, waited for until it answers, started again should
 * it die, ended with its owner.
 *
 * The rule for sharing: whoever starts a server owns and ends it; others that find it running and answering borrow it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../activities/log.js';
import { endProcess, isAlive, runsWith } from './processes.js';
import { readRecord, type ServerRecord, writeRecord } from './record.js';
import { forget, guard } from './watchdog.js';

const startMilliseconds = 60_000;
/** How long a server whose owner lives may fail to answer before another process takes its place. */
const borrowMilliseconds = 3_000;

export interface ServerPlan {
  readonly name: string;
  /** Its state, log and record. The path appears in `args`, by which a left-over process is recognised. */
  readonly directory: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly source: string;
  readonly ports: Readonly<Record<string, number>>;
  isHealthy(): Promise<boolean>;
}

export interface OwnedServer {
  /** Ends the server: SIGTERM, and SIGKILL after five seconds. Calling it again is harmless. */
  stop(): Promise<void>;
}

/**
 * The record of a server that another start left running in `directory` and that still answers; null when none does.
 * @param isHealthy asks the server at the record's ports
 */
export async function findRunningServer(
  directory: string,
  isHealthy: (record: ServerRecord) => Promise<boolean>,
): Promise<ServerRecord | null> {
  const deadline = Date.now() + borrowMilliseconds;
  do {
    const record = await readRecord(directory);
    if (record?.owner == null || !isAlive(record.owner)) return null;
    if (await isHealthy(record)) return record;
    await sleep(100);
  } while (Date.now() < deadline);
  return null;
}

/** Ends the process of a record whose owner is gone: killed together with its watchdog, or still on its way out. */
export async function endLeftover(directory: string): Promise<void> {
  const record = await readRecord(directory);
  if (record && (await runsWith(record.pid, directory))) await endProcess(record.pid);
}

/**
 * Starts a server and waits until it answers.
 * @throws Error with the end of its log when it exits or does not answer within a minute
 */
export async function startServer(plan: ServerPlan, log: Log): Promise<OwnedServer> {
  const stopping = new AbortController();
  let child = await launch(plan, 'w');
  let reviving: Promise<void> = Promise.resolve();
  const watch = (): void => {
    child.once('exit', () => {
      if (!stopping.signal.aborted) reviving = revive();
    });
  };
  /** A dead server comes back on the same ports; clients retry meanwhile, so that a run only waits. */
  const revive = async (): Promise<void> => {
    for (let pause = 500; !stopping.signal.aborted; pause = Math.min(2 * pause, 30_000)) {
      log('warn', 'server ended unexpectedly, starting it again', { server: plan.name, log: logOf(plan) });
      try {
        await sleep(pause, undefined, { ref: false, signal: stopping.signal });
        child = await launch(plan, 'a');
        return watch();
      } catch {
        // Stopped meanwhile, or failed again: its log says why.
      }
    }
  };
  watch();

  let stopped: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await reviving;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) await endProcess(child.pid);
    const record = await readRecord(plan.directory);
    if (record?.pid === child.pid && record) await writeRecord(plan.directory, { ...record, owner: null });
  };
  return {
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function launch(plan: ServerPlan, logMode: 'w' | 'a'): Promise<ChildProcess> {
  const log = openSync(logOf(plan), logMode, 0o600);
  const child = spawn(plan.program, plan.args, {
    // A group of its own: Ctrl-C in the terminal ends the owner, which first finishes with its servers.
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...plan.environment },
  });
  closeSync(log);
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`exited with ${signal ?? code}`));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${plan.name} (${plan.program}) cannot be started: ${await ended}`);
  guard(pid);
  void ended.then(() => forget(pid));
  const { source, ports } = plan;
  await writeRecord(plan.directory, { owner: process.pid, pid, source, ports: { ...ports } });
  const failure = await waitUntilHealthy(plan, ended);
  if (failure === null) return child;
  await endProcess(pid);
  throw new Error(
    `${plan.name} (${plan.program}) did not start: ${failure}. The end of ${logOf(plan)}:\n${await logEnd(plan)}`,
  );
}

/** Null once the server answers, else why it will not. */
async function waitUntilHealthy(plan: ServerPlan, ended: Promise<string>): Promise<string | null> {
  const exit: { reason: string | null } = { reason: null };
  void ended.then((reason) => {
    exit.reason = reason;
  });
  const deadline = Date.now() + startMilliseconds;
  while (Date.now() < deadline) {
    if (exit.reason !== null) return exit.reason;
    if (await plan.isHealthy()) return null;
    await sleep(50);
  }
  return `no answer within ${startMilliseconds / 1000} s`;
}

function logOf(plan: ServerPlan): string {
  return join(plan.directory, 'server.log');
}

async function logEnd(plan: ServerPlan): Promise<string> {
  return (await readFile(logOf(plan), 'utf8')).trimEnd().split('\n').slice(-5).join('\n');
}
