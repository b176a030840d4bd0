/** Signals to processes that this chaos run owns: workers, what they have started, and servers. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { runsWith } from '../../infra/process/processes.js';
import type { ServerName, World } from './world.js';

export interface Target {
  readonly pid: number;
  /** In words: `engine of machine-1-one`. */
  readonly name: string;
}

/** What a worker has started, by a part of its command line. */
const children = { engine: 'engine/process/engineProcess', sandbox: 'sandbox/child/main.mjs' } as const;

/** Workers that ask for tasks. */
export function findWorkers({ fleet }: World): readonly Target[] {
  return fleet.serving().flatMap((machine) => {
    const pid = machine.processId();
    return pid === undefined ? [] : [{ pid, name: machine.name }];
  });
}

/** All engine processes of the workers, or all sandboxes. */
export async function findChildren(world: World, kind: keyof typeof children): Promise<readonly Target[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,command=']);
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  return findWorkers(world).flatMap(({ pid: parent, name }) =>
    lines
      .filter(([, parentPid, ...words]) => Number(parentPid) === parent && words.join(' ').includes(children[kind]))
      .map(([pid]) => ({ pid: Number(pid), name: `${kind} of ${name}` })),
  );
}

export async function findServer(world: World, name: ServerName): Promise<readonly Target[]> {
  const pid = await world.serverProcess(name);
  return pid !== undefined && (await runsWith(pid, world.stack.dataDirectory)) ? [{ pid, name }] : [];
}

/** @returns whether it was still there */
export function signal({ pid }: Target, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Stops a process for so long, and lets it go on. */
export async function freeze(target: Target, milliseconds: number): Promise<boolean> {
  if (!signal(target, 'SIGSTOP')) return false;
  await sleep(milliseconds);
  signal(target, 'SIGCONT');
  return true;
}
