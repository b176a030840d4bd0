/**
 * Cores and memory that this process may use: the machine's, or what the control groups around it leave (Linux, cgroup v2).
 *
 * A container sees the cores and the memory of its host. With a thread for each of the host's 64 cores and two cores' time, all
 * threads stand still most of the time; with caches for the host's memory, the kernel kills the process.
 * The files are described in https://docs.kernel.org/admin-guide/cgroup-v2.html.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

export interface Machine {
  readonly cores: number;
  readonly memoryBytes: number;
}

/** What Node knows by itself: processor affinity, and on some kernels the limit of memory. */
function wholeMachine(): Machine {
  const limit = process.constrainedMemory();
  return { cores: availableParallelism(), memoryBytes: limit > 0 ? Math.min(totalmem(), limit) : totalmem() };
}

/**
 * The least of the machine and of every control group from the process's own to the topmost.
 * A part of a core counts as none, because threads that wait for each other are slowed down by the slowest; one core is the least.
 * @param root where `proc/self/cgroup` and `sys/fs/cgroup` lie.
 */
export function usableMachine(root = '/', whole = wholeMachine()): Machine {
  const groups = controlGroups(root);
  const cores = groups.flatMap((group) => coresOf(readLine(join(group, 'cpu.max'))));
  const memory = groups.flatMap((group) =>
    ['memory.max', 'memory.high'].flatMap((file) => bytesOf(readLine(join(group, file)))),
  );
  return {
    cores: Math.max(1, Math.min(whole.cores, ...cores)),
    memoryBytes: Math.min(whole.memoryBytes, ...memory),
  };
}

/** This process's. Read once: what is planned with it must not change while it runs. */
export const machine = usableMachine();

/**
 * Folders of the process's control group and of those around it. A container that sees only its own finds it at the top, whatever
 * path the kernel tells.
 */
function controlGroups(root: string): readonly string[] {
  const top = join(root, 'sys/fs/cgroup');
  const [, path] = /^0::(\/.*)$/m.exec(read(join(root, 'proc/self/cgroup'))) ?? [];
  const groups = [top];
  for (let group = join(top, path ?? ''); group.startsWith(`${top}/`); group = dirname(group)) groups.push(group);
  return groups;
}

/** Microseconds of processor time in each period, and the period: `200000 100000`. `max`: as much as there is. */
function coresOf(line: string): readonly number[] {
  const [, quota, period] = /^(\d+) (\d+)$/.exec(line) ?? [];
  return quota === undefined ? [] : [Math.floor(Number(quota) / Number(period))];
}

/** Bytes, or `max`. */
function bytesOf(line: string): readonly number[] {
  return /^\d+$/.test(line) ? [Number(line)] : [];
}

function readLine(path: string): string {
  return read(path).trim();
}

/** A group without the controller has no such file, and other systems have none of them. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
