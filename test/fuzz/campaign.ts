/** Reads hostile inputs in a process of their own, sees which of them hang or crash it, and starts another in its place. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { required } from '../../activities/invariant.js';
import { watchProcess } from '../../activities/watchProcess.js';
import { randomNumbers } from '../support/randomNumbers.js';
import type { Asked, Told } from './child.js';
import { targets } from './targets/index.js';

/** An input that was not read as it should be. */
export interface Finding {
  readonly target: string;
  readonly input: Uint8Array;
  readonly problem: string;
}

export interface Reader {
  /** What becomes of an input. */
  read(asked: Asked): Promise<Told>;
  close(): Promise<void>;
}

/** Of processor time: what takes longer than its bound tells so itself, where it ends. */
const hangSeconds = 6;
/** After so many inputs a process is replaced, so that what it keeps is not taken for the next input's. */
const inputsOfProcess = 500;

export function openReader(): Reader {
  let child: ChildProcess | undefined;
  let read = 0;
  const start = async (): Promise<ChildProcess> => {
    const started = fork(fileURLToPath(new URL('child.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx', '--max-old-space-size=1024'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    await once(started, 'message');
    child = started;
    read = 0;
    return started;
  };
  const end = async (): Promise<void> => {
    const ended = child;
    child = undefined;
    if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
    const exit = once(ended, 'exit');
    ended.kill('SIGKILL');
    await exit;
  };
  return {
    async read(asked) {
      if (read >= inputsOfProcess) await end();
      const process = child ?? (await start());
      read += 1;
      const told = await outcomeIn(process, asked);
      if (told.problem !== null) await end();
      return told;
    },
    close: end,
  };
}

function outcomeIn(child: ChildProcess, asked: Asked): Promise<Told> {
  return new Promise((resolve) => {
    let said = '';
    const onText = (text: Buffer): void => {
      said = (said + text.toString()).slice(-600);
    };
    const onExit = (code: number | null, signal: string | null): void =>
      done({ outcome: 'refused', problem: `crash: ${signal ?? `exit ${code}`} ${said}` });
    const unwatch = watchProcess(required(child.pid, 'a process'), ({ worked }) => {
      if (worked > hangSeconds) done({ outcome: 'refused', problem: 'hang: it does not end' });
    });
    const done = (told: Told): void => {
      unwatch();
      child.stderr?.off('data', onText);
      child.off('exit', onExit);
      child.off('message', done);
      resolve(told);
    };
    child.stderr?.on('data', onText);
    child.once('exit', onExit);
    child.once('message', done);
    child.send(asked);
  });
}

/** The input of a target's case. Each case has random numbers of its own. */
export function inputOf(target: string, seed: number, number: number): Uint8Array {
  const place = Object.keys(targets).indexOf(target);
  const random = randomNumbers(seed * 1_000_003 + place * 100_000_007 + number * 7_919);
  // The first numbers of seeds beside each other are alike.
  for (let skipped = 0; skipped < 5; skipped++) random.uniform();
  return required(targets[target], `target ${target}`).make(random);
}
