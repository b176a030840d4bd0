/**
 * Runs a session on arrays that are inputs and outputs at once: parameters that are updated, a key-value cache that grows. A run
 * allocates nothing.
 *
 * onnxruntime-node 1.30 fills preallocated outputs and then also copies each of them into a new buffer, about 1 ms a megabyte. A
 * trick avoids the copies: output 0 of the graph is a sequence (`skip_copies`, which `serialise` adds when asked) and is fetched
 * as null. When all outputs are filled, onnxruntime-node goes through them to copy, meets the sequence first, and throws.
 *
 * A device that keeps tensors needs no trick: what a run updates stays there (`residentTensors.ts`), in new memory, because its
 * kernels cannot write where they read.
 *
 * A self-test proves either once a process. Where it fails, runs fetch copies and write them into the arrays.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { InternalError, messageOf, UnavailableDevice } from '../../errors.js';
import { createGraph, type Graph, input, output } from '../graph/graph.js';
import { lower } from '../graph/lower.js';
import { serialise, skipCopiesOutput } from '../graph/onnx/serialise.js';
import { add, multiply } from '../graph/operators.js';
import { chosenDevice, type Device } from './devices.js';
import { checkResult, runOnDevice, type Tensors, toDevice, toHost, writeInto } from './residentTensors.js';
import { createSession, type OutputLocations } from './session.js';
import { float32 } from './tensors.js';

export type { Tensors } from './residentTensors.js';

/** `skipCopies` is the trick, `onDevice` keeps results on the device, `copyBack` is the safe way; the numbers are the same. */
export type RunMode = 'skipCopies' | 'onDevice' | 'copyBack';

/**
 * A session for `runInPlace`.
 * @param operatorThreads threads inside one operator; default: those of `session.ts`.
 * @throws Error from onnxruntime when the device is not there or the graph is not valid.
 */
export async function createInPlaceSession(
  graph: Graph,
  mode?: RunMode,
  operatorThreads?: number,
): Promise<InferenceSession> {
  const chosen = mode ?? (await provenMode());
  const lowered = lower(graph, chosenDevice().lacking);
  if (chosen === 'onDevice') return createSession(serialise(lowered), outputLocations(lowered), operatorThreads);
  return createSession(serialise(lowered, { skipCopies: true }), undefined, operatorThreads);
}

/** Outputs `updated.<name>` of inputs `<name>` stay on the device, where the next run reads them. All others come to the CPU. */
function outputLocations({ inputs, outputs }: Graph): OutputLocations {
  const updated = new Set(inputs.map(({ name }) => `updated.${name}`));
  return Object.fromEntries(outputs.map(({ name }) => [name, updated.has(name) ? 'gpu-buffer' : 'cpu']));
}

/**
 * Runs a session made by `createInPlaceSession`.
 * @param results by output, tensors over arrays of the right size, which receive the outputs. Their shapes need not be the graph's.
 * An array may also be among `feeds` if the graph has read all of that input before it writes that output: onnxruntime does not
 * know that they share memory.
 * @throws Error from onnxruntime when the graph fails or a tensor's shape does not fit.
 */
export async function runInPlace(
  session: InferenceSession,
  feeds: Tensors,
  results: Tensors,
  mode?: RunMode,
): Promise<void> {
  const declared = asDeclared(session, results);
  switch (mode ?? (await provenMode())) {
    case 'skipCopies':
      return runSkippingCopies(session, feeds, declared);
    case 'onDevice':
      return runOnDevice(session, feeds, declared);
    case 'copyBack':
      return runWithCopies(session, feeds, declared);
  }
}

/** Uploads float32 tensors that runs only read, so that no run transfers them. On the CPU there is nothing to do. */
export async function placeOnDevice(tensors: Tensors): Promise<void> {
  if ((await provenMode()) === 'onDevice') await toDevice(tensors);
}

export interface SelfTest {
  /** The fastest mode that works with this binding on the chosen device. */
  readonly mode: RunMode;
  readonly milliseconds: number;
}

let tested: Promise<SelfTest> | undefined;

/**
 * Finds out, once a process, which mode works on the chosen device.
 * @throws UnavailableDevice when the device is not there, or none of its modes gives the right numbers.
 */
export function selfTest(): Promise<SelfTest> {
  tested ??= (async () => {
    const start = performance.now();
    const mode = await findMode(chosenDevice());
    return { mode, milliseconds: performance.now() - start };
  })();
  return tested;
}

async function provenMode(): Promise<RunMode> {
  return (await selfTest()).mode;
}

async function findMode({ name, keepsTensors }: Device): Promise<RunMode> {
  const fast: RunMode = keepsTensors ? 'onDevice' : 'skipCopies';
  if (await works(name, fast)) return fast;
  if (await works(name, 'copyBack')) return 'copyBack';
  throw new UnavailableDevice(name, 'it computes wrongly');
}

/** Adds 1 to an array in place, twice. Are the sums in the array, and the right numbers in another output? */
async function works(device: string, mode: RunMode): Promise<boolean> {
  const graph = createGraph();
  const sum = add(input(graph, 'x', 'float32', ['n']), 1);
  output(sum, 'updated.x');
  output(multiply(sum, 2), 'doubled');
  const session = await createInPlaceSession(graph, mode).catch((cause: unknown) => {
    throw new UnavailableDevice(device, reasonOf(cause));
  });
  try {
    const [x, doubled] = [float32(Float32Array.of(1, -2, 3), [3]), float32(new Float32Array(3), [3])];
    for (let run = 0; run < 2; run++) await runInPlace(session, { x }, { 'updated.x': x, doubled }, mode);
    await toHost({ x });
    return `${x.data}` === '3,0,5' && `${doubled.data}` === '6,0,10';
  } catch {
    return false;
  } finally {
    await session.release();
  }
}

async function runSkippingCopies(session: InferenceSession, feeds: Tensors, results: Tensors): Promise<void> {
  let ended = false;
  try {
    await session.run(feeds, { [skipCopiesOutput]: null, ...results });
    ended = true;
  } catch (error) {
    if (!isSkip(error)) throw error;
  }
  if (ended) throw new InternalError(`this session's model has no output ${skipCopiesOutput} to skip the copies by`);
}

function isSkip(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Non tensor type is temporarily not supported');
}

async function runWithCopies(session: InferenceSession, feeds: Tensors, results: Tensors): Promise<void> {
  const outputs = await session.run(feeds, Object.keys(results));
  for (const [name, result] of Object.entries(results)) {
    const copy = outputs[name];
    checkResult(name, copy, result);
    writeInto(result.data, copy);
  }
}

/** onnxruntime's message without the place in its source. */
function reasonOf(error: unknown): string {
  return messageOf(error)
    .replace(/^\/onnxruntime_src\/.* was false\. /, '')
    .trim();
}

/** The same arrays in the shapes that the graph declares for its outputs, where no dimension of these is dynamic. */
function asDeclared(session: InferenceSession, results: Tensors): Tensors {
  const shapes = new Map(session.outputMetadata.map((one) => [one.name, one.isTensor ? one.shape : undefined]));
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => {
      const shape = shapes.get(name);
      const dims = shape?.flatMap((dimension) => (typeof dimension === 'number' ? [dimension] : []));
      return [name, dims && dims.length === shape?.length ? tensor.reshape(dims) : tensor];
    }),
  );
}
