/** A machine of the fleet: a disk, and on it a worker as a user starts it, which is started again whenever it ends, as by systemd. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stackEnvironment } from '../../infra/environment.js';
import { endProcess } from '../../infra/process/processes.js';
import type { StackAccess } from '../../infra/stack.js';
import type { QueueName } from '../../workers/names.js';
import { forget, guard } from '../support/watchdog.js';
import { type Disk, openDisk } from './disk.js';

const reft = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));

/** Longer than a worker takes to start on a machine that is very busy: one that neither serves nor ends by then never will. */
const stallMilliseconds = 300_000;
/** Longer than a worker takes to end when asked. */
const graceMilliseconds = 30_000;

export interface Machine {
  readonly name: string;
  readonly build: string;
  /** The worker's, while there is one. */
  processId(): number | undefined;
  /** Whether its worker asks for tasks. */
  isServing(): boolean;
  disk(): Disk | undefined;
  /** SIGKILL; another worker follows on the same disk. @returns whether there was one to be killed */
  kill(): boolean;
  /** SIGKILL, and what is on its disk is gone. */
  lose(): boolean;
  /** Ends the worker as SIGTERM does, and the machine with it. */
  close(): Promise<void>;
}

export interface MachineOptions {
  readonly name: string;
  readonly build: string;
  /** Of which its worker does tasks; both where left out. */
  readonly queue?: QueueName | undefined;
  /** What its worker is told of the servers: the addresses of proxies. */
  readonly access: StackAccess;
  /** For logs and the disk. */
  readonly directory: string;
  /** Told of a worker that ended without being asked, with the end of its log. */
  readonly onEnd: (words: string) => void;
  /** Told of one that neither served nor ended; it is killed. */
  readonly onStall: (words: string) => void;
}

export function openMachine({ name, build, queue, access, directory, onEnd, onStall }: MachineOptions): Machine {
  const logFile = join(directory, `${name}.log`);
  let child: ChildProcess | undefined;
  let disk: Disk | undefined;
  let disks = 0;
  let isServing = false;
  let isKilled = false;
  let isClosing = false;

  async function work(): Promise<void> {
    if (disk === undefined) {
      disks += 1;
      disk = await openDisk(join(directory, `${name}-${disks}`));
    }
    const of = queue === undefined ? [] : ['--queue', queue];
    const [program, ...words] = disk.command(process.execPath, reft, 'worker', '--build-id', build, ...of);
    const log = openSync(logFile, 'a');
    const worker = spawn(program, words, {
      env: { ...process.env, ...stackEnvironment(access), REFT_STATE_DIR: disk.directory },
      stdio: ['ignore', 'pipe', log],
    });
    const { pid } = worker;
    if (pid === undefined) throw new Error(`${name} has no process`);
    guard(pid);
    child = worker;
    isKilled = false;
    worker.stdout?.on('data', (text: Buffer) => {
      if (text.includes('Ctrl-C stops it')) isServing = true;
    });
    const stall = setTimeout(() => {
      if (isServing) return;
      onStall(`the worker of ${name} neither served nor ended for ${stallMilliseconds / 1_000} s`);
      kill();
    }, stallMilliseconds);
    const [code, signal] = await once(worker, 'exit');
    clearTimeout(stall);
    forget(pid);
    const wasServing = isServing;
    child = undefined;
    isServing = false;
    if (!isKilled && !isClosing) {
      const state = wasServing ? 'while it served' : 'before it served';
      onEnd(`${name} ended ${state} (${signal ?? code}): ${(await readFile(logFile, 'utf8')).trim().slice(-600)}`);
    }
  }

  async function supervise(): Promise<void> {
    while (!isClosing) {
      await work();
      if (!isClosing) await sleep(500);
    }
  }

  function kill(): boolean {
    if (child === undefined || isKilled) return false;
    isKilled = true;
    return child.kill('SIGKILL');
  }

  const supervised = supervise();
  return {
    name,
    build,
    processId: () => child?.pid,
    isServing: () => isServing,
    disk: () => disk,
    kill,
    lose() {
      const lost = disk;
      disk = undefined;
      const hit = kill();
      void lost?.close();
      return hit;
    },
    async close() {
      isClosing = true;
      if (child?.pid !== undefined) await endProcess(child.pid, graceMilliseconds);
      await supervised;
      await disk?.close();
    },
  };
}
