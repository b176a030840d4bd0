/** A side of a benchmark: a long-lived child process that answers one JSON line for each line it is given. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { engineEnvironment } from '../../../activities/engine/ort/forkModule.js';

export interface Peer {
  /** The first line it wrote: its versions. */
  readonly about: unknown;
  readonly step: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** A program of one side, and the file that tells it what to do. */
export interface SideProgram {
  readonly script: URL;
  readonly job: string;
}

/**
 * Works with both sides, each a process, and ends them whatever happens. Ours has the environment of an engine. There is no peer
 * where `REFT_PEER_PYTHON` names no Python; its script is one of this folder.
 * @throws Error when a side ends before it answers; what it wrote to standard error is on ours.
 */
export async function withSides<T>(
  ours: SideProgram,
  peer: { readonly script: string; readonly job: string },
  work: (ours: Peer, peer: Peer | null) => Promise<T>,
): Promise<T> {
  const our = await startSide(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(ours.script), ours.job],
    engineEnvironment(process.env),
  );
  try {
    return await withPeer(peer, (their) => work(our, their));
  } finally {
    await our.close();
  }
}

/** Works with a peer by itself: null where `REFT_PEER_PYTHON` names no Python. Its script is one of this folder. */
export async function withPeer<T>(
  { script, job }: { readonly script: string; readonly job: string },
  work: (peer: Peer | null) => Promise<T>,
): Promise<T> {
  const python = process.env.REFT_PEER_PYTHON;
  if (!python) return work(null);
  const peer = await startSide(python, [fileURLToPath(new URL(script, import.meta.url)), job], process.env);
  try {
    return await work(peer);
  } finally {
    await peer.close();
  }
}

async function startSide(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Peer> {
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
