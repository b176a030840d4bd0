/** A side of a benchmark: a long-lived child process that answers one JSON line for each line it is given. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Peer {
  /** The first line it wrote: its versions. */
  readonly about: unknown;
  readonly step: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/**
 * Starts a Python script of this folder and waits until it is ready.
 * @throws Error when it ends before it answers; what it wrote to standard error is on ours.
 */
export function startPeer(python: string, script: string, args: readonly string[]): Promise<Peer> {
  return startSide(python, [fileURLToPath(new URL(script, import.meta.url)), ...args]);
}

/** The same for any program that keeps to this protocol. */
export async function startSide(command: string, args: readonly string[], env = process.env): Promise<Peer> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'close');
  const answer = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done)
      throw new Error(`${command} ${args.join(' ')} ended with exit code ${child.exitCode} instead of an answer`);
    return JSON.parse(line.value);
  };
  return {
    about: await answer(),
    step: () => {
      child.stdin.write('\n');
      return answer();
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
