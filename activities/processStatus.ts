/** What the system knows of a process, by its id: whether it lives, since when, how long it has worked. Open to every room. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Processor time that a process has taken so far, of all its threads, in seconds.
 * @throws Error when there is no such process
 */
export async function processorSeconds(pid: number): Promise<number> {
  if (process.platform !== 'linux') return secondsOf(await askPs('time', pid));
  const fields = await statusFields(pid);
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/**
 * When a process began, in a form that only serves to tell it from others with the same id; null when it is gone.
 */
export async function processStart(pid: number): Promise<string | null> {
  try {
    if (process.platform !== 'linux') return (await askPs('lstart', pid)).replace(/\W+/g, '');
    const { 0: state = '', 19: start = '' } = await statusFields(pid);
    // Dead, but its parent has not asked after it.
    return /[ZX]/.test(state) ? null : start;
  } catch {
    return null;
  }
}

/** Linux counts for programs in hundredths of a second, on every type of processor. */
const ticksPerSecond = 100;

/** Of `/proc/<pid>/stat`: "pid (name) state parent …". The name may hold anything; what stands behind it, from the state on. */
async function statusFields(pid: number): Promise<string[]> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8');
  return status.slice(status.lastIndexOf(')') + 2).split(' ');
}

async function askPs(field: string, pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', `${field}=`, '-p', String(pid)]);
  return stdout.trim();
}

/** Of `[[days-]hours:]minutes:seconds`. */
function secondsOf(time: string): number {
  const [clock = '', days = '0'] = time.split('-').reverse();
  return clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}
