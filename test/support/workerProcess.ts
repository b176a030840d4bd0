/** A worker as a user starts it, `reft worker`, in a process of its own with local state of its own: a machine to be lost. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { at } from '../../activities/invariant.js';
import { stackEnvironment } from '../../infra/environment.js';
import type { StackAccess } from '../../infra/stack.js';
import type { QueueName } from '../../workers/names.js';

const command = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));

export interface WorkerProcess {
  /** SIGKILL, and its local files are gone too, as with a lost machine. */
  kill(): Promise<void>;
  /** SIGTERM, as whoever stops a container sends it; resolves when it has ended by itself. Its local files are gone then, too. */
  end(): Promise<WorkerEnd>;
}

export interface WorkerEnd {
  readonly code: number | null;
  readonly milliseconds: number;
}

/**
 * Resolves when the worker asks for tasks: of both queues, or of the one given.
 * @param launcher a command that becomes the one behind it: `taskset --cpu-list 0`
 */
export async function startWorkerProcess(
  stack: StackAccess,
  queue?: QueueName,
  environment: NodeJS.ProcessEnv = {},
  launcher: readonly string[] = [],
): Promise<WorkerProcess> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'reft-worker-'));
  const words = [...launcher, process.execPath, command, 'worker', ...(queue ? ['--queue', queue] : [])];
  const child = spawn(at(words, 0), words.slice(1), {
    env: { ...process.env, ...stackEnvironment(stack), REFT_STATE_DIR: stateDirectory, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await ready(child);
  async function leave(signal: 'SIGKILL' | 'SIGTERM'): Promise<WorkerEnd> {
    const begin = performance.now();
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = await ended;
    const milliseconds = performance.now() - begin;
    await rm(stateDirectory, { recursive: true, force: true, maxRetries: 5 });
    return { code, milliseconds };
  }
  return {
    async kill() {
      await leave('SIGKILL');
    },
    end: () => leave('SIGTERM'),
  };
}

async function ready(child: ChildProcess): Promise<void> {
  const { stdout } = child;
  if (stdout === null) throw new Error('the worker has no output');
  let text = '';
  await new Promise<void>((resolve, reject) => {
    stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Ctrl-C stops it')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the worker exited with ${code}: ${text}`)));
  });
}
