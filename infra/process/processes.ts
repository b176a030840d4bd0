/** Questions about processes by pid, and ending them. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstLine } from '../obtain/commands.js';

/** False also for a dead process whose parent has not asked after it, where the system tells (Linux). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // "pid (name) state …", and the name may hold anything.
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !status.slice(status.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return true;
  }
}

/** Asks a process to end, insists after `graceMilliseconds`, and returns when it is gone. */
export async function endProcess(pid: number, graceMilliseconds = 5_000): Promise<void> {
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMilliseconds;
  while (isAlive(pid) && Date.now() < deadline) await sleep(25);
  signal(pid, 'SIGKILL');
  while (isAlive(pid)) await sleep(25);
}

/** True when `pid` runs with `argument` in its command line, so that a pid given to another program is left alone. */
export async function runsWith(pid: number, argument: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const command =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      : await firstLine('ps', ['-p', String(pid), '-o', 'command=']);
  return command?.includes(argument) ?? false;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}
