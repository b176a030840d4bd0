/**
 * A machine's disk, which can be full: a small file system in memory, in a namespace of its own, so that no rights are needed and
 * nothing is left mounted. Where a system allows no such thing, a folder, which never is full.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { forget, guard } from '../support/watchdog.js';

const run = promisify(execFile);

const megabytes = 64;
/** Mounts a disk on its first argument, and does the rest. */
const mounted = `mount -t tmpfs -o size=${megabytes}m tmpfs "$0" && exec "$@"`;
const inNamespace = (directory: string, ...command: string[]): string[] => [
  '-Urm',
  'sh',
  '-c',
  mounted,
  directory,
  ...command,
];

/** Whether disks of this machine can be full. */
export function canMount(): boolean {
  try {
    execFileSync('unshare', inNamespace('/mnt', 'true'), { stdio: 'ignore' });
    execFileSync('nsenter', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Disk {
  /** For processes that were started by `command`. */
  readonly directory: string;
  /** The command line of a program on the machine of this disk. */
  command(...words: string[]): [string, ...string[]];
  /** Fills it to the last byte. @returns makes the room again; null where it cannot be full */
  fill(): Promise<(() => Promise<void>) | null>;
  /** All on it is gone. */
  close(): Promise<void>;
}

export async function openDisk(directory: string): Promise<Disk> {
  await mkdir(directory, { recursive: true });
  return canMount() ? mountDisk(directory) : openFolder(directory);
}

function openFolder(directory: string): Disk {
  return {
    directory,
    command: (program = '', ...words) => [program, ...words],
    fill: async () => null,
    close: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  };
}

async function mountDisk(directory: string): Promise<Disk> {
  // Holds the namespace until its input ends, as it does when this process ends.
  const holder = spawn('unshare', inNamespace(directory, 'sh', '-c', 'echo mounted && exec cat'), {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { pid } = holder;
  if (pid === undefined) throw new Error('no disk can be mounted');
  guard(pid);
  const ended = once(holder, 'exit').then(() => forget(pid));
  await Promise.race([once(holder.stdout, 'data'), ended]);
  if (holder.exitCode !== null) throw new Error(`no disk can be mounted on ${directory}`);
  const command = (...words: string[]): [string, ...string[]] => [
    'nsenter',
    ...['--target', String(pid), '--user', '--mount', '--preserve-credentials'],
    ...words,
  ];
  const execute = (...words: string[]) => {
    const [program, ...rest] = command(...words);
    return run(program, rest);
  };
  let fillers = 0;
  return {
    directory,
    command,
    async fill() {
      fillers += 1;
      const filler = join(directory, `filler-${fillers}`);
      // It ends when there is no room left.
      await execute('sh', '-c', 'cat /dev/zero >"$0"', filler).catch(() => undefined);
      return async () => {
        await execute('rm', '-f', filler).catch(() => undefined);
      };
    },
    async close() {
      holder.stdin.end();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
