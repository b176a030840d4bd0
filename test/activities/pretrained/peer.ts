/** A Python with torch and transformers, where `REFT_PEER_PYTHON` names one. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const peerPython = process.env.REFT_PEER_PYTHON;

/** Logits of the last position and token ids of texts, as transformers computes them of a model folder. */
export interface PeerAnswer {
  /** `[sequence][position][vocabulary]`. */
  readonly logits: readonly (readonly (readonly number[])[])[];
  readonly encoded: readonly (readonly number[])[];
}

/** Loads a folder with transformers, in float32. */
export async function askTransformers(
  folder: string,
  sequences: readonly (readonly number[])[],
  texts: readonly string[] = [],
): Promise<PeerAnswer> {
  const script = fileURLToPath(new URL('./transformers_logits.py', import.meta.url));
  const run = promisify(execFile)(peerPython ?? '', [script], { maxBuffer: 2 ** 30 });
  run.child.stdin?.end(JSON.stringify({ folder, sequences, texts }));
  const { stdout } = await run;
  return JSON.parse(stdout.slice(stdout.indexOf('{"logits"')));
}

/** What transformers appends to texts greedily, in float32; with an adapter through PEFT. `folder` may be a model of the hub. */
export async function goOnInPython(request: {
  readonly folder: string;
  readonly revision?: string;
  readonly adapter?: string;
  readonly texts: readonly string[];
  readonly tokens: number;
}): Promise<readonly string[]> {
  const script = fileURLToPath(new URL('./transformers_generate.py', import.meta.url));
  const run = promisify(execFile)(peerPython ?? '', [script], { maxBuffer: 2 ** 30 });
  run.child.stdin?.end(JSON.stringify(request));
  const { stdout } = await run;
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
