/**
 * Runs a session on arrays that are its inputs and its outputs at once: parameters updated where they lie, a cache that
 * grows in place. Nothing is allocated per run.
 *
 * onnxruntime-node 1.30 fills preallocated outputs and then also copies each of them into a new buffer, about 1 ms per
 * megabyte. A trick avoids that: if output 0 of the graph is a sequence (`skip_copies`, which `serialise` adds when asked)
 * and is fetched as null, the binding meets it before any tensor and throws, by when the outputs are filled. The trick is
 * proven once per process; where it fails, runs fetch copies and write them back.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { createGraph, input, output } from '../graph/graph.js';
import { serialise, skipCopiesOutput } from '../graph/onnx/serialise.js';
import { add } from '../graph/operators.js';
import { createSession } from './session.js';
import { float32 } from './tensors.js';

export type Tensors = Readonly<Record<string, Tensor>>;

/** `skipCopies` is the trick, `copyBack` the safe way; both leave the same numbers in `results`. */
export type RunMode = 'skipCopies' | 'copyBack';

/**
 * Runs a session whose model was serialised with `skipCopies`.
 *
 * `results` names tensors over arrays of the right size that receive the outputs. An array may also be among `feeds` if
 * the graph has read all of that input before it writes that output: onnxruntime knows nothing of the sharing.
 * @throws Error from onnxruntime when the graph fails or a tensor's shape does not fit.
 */
export async function runInPlace(
  session: InferenceSession,
  feeds: Tensors,
  results: Tensors,
  mode?: RunMode,
): Promise<void> {
  if ((mode ?? (await provenMode())) === 'copyBack') return runWithCopies(session, feeds, results);
  let ended = false;
  try {
    await session.run(feeds, { [skipCopiesOutput]: null, ...results });
    ended = true;
  } catch (error) {
    if (!isSkip(error)) throw error;
  }
  if (ended) throw new Error(`this session's model has no output ${skipCopiesOutput} to skip the copies by`);
}

let proven: Promise<RunMode> | undefined;

/** The fastest mode that works with this binding, found by a self-test of some milliseconds on the first call. */
export function provenMode(): Promise<RunMode> {
  proven ??= skippingWorks().then((works) => (works ? 'skipCopies' : 'copyBack'));
  return proven;
}

/** Adds 1 to an array in place, twice, by the trick, and looks whether the array holds the sums. */
async function skippingWorks(): Promise<boolean> {
  const graph = createGraph();
  output(add(input(graph, 'x', 'float32', ['n']), 1), 'y');
  const session = await createSession(serialise(graph, { skipCopies: true }));
  try {
    const values = Float32Array.of(1, -2, 3);
    const tensor = float32(values, [3]);
    await runInPlace(session, { x: tensor }, { y: tensor }, 'skipCopies');
    await runInPlace(session, { x: tensor }, { y: tensor }, 'skipCopies');
    return values.join() === '3,0,5';
  } catch {
    return false;
  } finally {
    await session.release();
  }
}

function isSkip(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Non tensor type is temporarily not supported');
}

async function runWithCopies(session: InferenceSession, feeds: Tensors, results: Tensors): Promise<void> {
  const outputs = await session.run(feeds, Object.keys(results));
  for (const [name, result] of Object.entries(results)) {
    const copy = outputs[name];
    if (copy === undefined || copy.type !== result.type || copy.dims.join() !== result.dims.join())
      throw new Error(
        `output ${name} is ${copy?.type} [${copy?.dims.join(', ')}], expected ${result.type} [${result.dims.join(', ')}]`,
      );
    bytesOf(result).set(bytesOf(copy));
  }
}

function bytesOf(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (!ArrayBuffer.isView(data)) throw new Error(`tensors of type ${tensor.type} have no bytes`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
