/**
 * Runs a graph on arrays that are inputs and outputs at once: parameters that are updated, a key-value cache that grows.
 *
 * `bound` and `resident` call onnxruntime's C API (`capi/`), which writes results where they are wanted: into the arrays themselves, or
 * into memory on the device that stands for them (`memory/twins.ts`). `onDevice` and `copyBack` go through onnxruntime-node: WebGPU
 * keeps what a run updates, in new memory, because its kernels cannot write where they read (`residentTensors.ts`); `copyBack` fetches
 * copies and writes them into the arrays, and works everywhere.
 *
 * A self-test proves once a process that a mode works on the chosen device. The numbers are the same in all of them.
 */
import { setImmediate as letOthersRun } from 'node:timers/promises';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf, UnavailableDevice } from '../../errors.js';
import { emulate } from '../graph/emulate.js';
import { fusedName, fusedNames } from '../graph/fusedOperators.js';
import { createGraph, type Graph, input, output } from '../graph/graph.js';
import { lower } from '../graph/lower.js';
import { serialise } from '../graph/onnx/serialise.js';
import { add, multiply } from '../graph/operators.js';
import { createResidentSession } from './capi/residentSession.js';
import { type BoundSession, createBoundSession } from './capi/session.js';
import { chosenDevice, type Device, type RunMode } from './devices.js';
import { faultOfKernels } from './kernels/selfTest.js';
import { fetch, leave, place } from './memory/twins.js';
import { checkResult, runOnDevice, toHost, writeInto } from './residentTensors.js';
import { createSession, type OutputLocations, type Tensors, threads } from './session.js';
import { float32 } from './tensors.js';

export interface InPlaceSession {
  /** Fixes the arrays of any number of runs. */
  bind(feeds: Tensors, results: Tensors): BoundRun;
  release(): Promise<void>;
}

export interface BoundRun {
  /**
   * Computes in this thread, which waits for it. Before that, messages that have come are heard, and those that were sent leave.
   * @throws an error of `errors.ts`, or onnxruntime's, when the graph fails or a tensor's shape does not fit.
   */
  run(): Promise<void>;
  release(): void;
}

/**
 * @param mode default: the first of the device's that works.
 * @param operatorThreads threads inside one operator; default: those of `session.ts`.
 * @param recorded whether runs may be recorded, where the device can (`capi/recordings.ts`).
 * @throws an error of `errors.ts`, or onnxruntime's, when the device is not there or the graph is not valid.
 */
export async function createInPlaceSession(
  graph: Graph,
  mode?: RunMode,
  operatorThreads: number = threads,
  recorded = false,
): Promise<InPlaceSession> {
  const { name, lackingInHalf } = chosenDevice();
  const lowered = emulate(lower(graph, await lackingOf(graph)), lackingInHalf);
  const runMode = mode ?? (await provenMode());
  const isNative = runMode === 'bound' || runMode === 'resident';
  if (!isNative && graph.inputs.some(({ type }) => type === 'bfloat16'))
    throw new UnavailableDevice(name, 'decoding in bfloat16 needs the C API of onnxruntime: take float16 or float32');
  switch (runMode) {
    case 'bound':
      return throughCApi(createBoundSession(serialise(lowered), operatorThreads));
    case 'resident':
      return throughCApi(createResidentSession(serialise(lowered), operatorThreads, recorded));
    case 'onDevice': {
      const session = await createSession(serialise(lowered), outputLocations(lowered), operatorThreads);
      return throughNode(session, (feeds, results) => runOnDevice(session, feeds, results));
    }
    case 'copyBack': {
      const session = await createSession(serialise(lowered), undefined, operatorThreads);
      return throughNode(session, (feeds, results) => runWithCopies(session, feeds, results));
    }
  }
}

/** Operators of a graph that the device has no kernels for. */
async function lackingOf(graph: Graph): Promise<ReadonlySet<string>> {
  const { lacking } = chosenDevice();
  const isFused = graph.nodes.some((node) => fusedName(node) !== null);
  return isFused && (await ownKernels()) !== null ? new Set([...lacking, ...fusedNames]) : lacking;
}

let ownKernelsTested: Promise<string | null> | undefined;

/**
 * Finds out, once a process, whether our own kernels give the numbers of plain operators on the chosen device.
 * @returns null where they do, else why not.
 */
export function ownKernels(): Promise<string | null> {
  ownKernelsTested ??= (async () => {
    if (!chosenDevice().ownKernels) return 'the device has none';
    try {
      return await faultOfKernels(chosenDevice(), (model) => createResidentSession(model, threads));
    } catch (error) {
      return reasonOf(error);
    }
  })();
  return ownKernelsTested;
}

/**
 * Runs a session once.
 * @param results by output, tensors over arrays of the right size, which receive the outputs. Their shapes need not be the graph's.
 * An array may also be among `feeds` if the graph has read all of that input before it writes that output: onnxruntime does not
 * know that they share memory.
 * @throws as `BoundRun.run`
 */
export async function runInPlace(session: InPlaceSession, feeds: Tensors, results: Tensors): Promise<void> {
  const bound = session.bind(feeds, results);
  try {
    await bound.run();
  } finally {
    bound.release();
  }
}

export interface SelfTest {
  /** The first of the chosen device's modes that works. */
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

/** How graphs run in this process. @throws UnavailableDevice as `selfTest`. */
export async function provenMode(): Promise<RunMode> {
  return (await selfTest()).mode;
}

async function findMode({ name, modes }: Device): Promise<RunMode> {
  const reasons: string[] = [];
  for (const mode of modes) {
    const fault = await faultOf(mode);
    if (fault === null) return mode;
    reasons.push(fault);
  }
  throw new UnavailableDevice(name, [...new Set(reasons)].join('; '));
}

/** Adds 1 to an array in place, twice. Null where the sums are in the array, and the right numbers in another output. */
async function faultOf(mode: RunMode): Promise<string | null> {
  const graph = createGraph();
  const sum = add(input(graph, 'x', 'float32', ['n']), 1);
  output(sum, 'updated.x');
  output(multiply(sum, 2), 'doubled');
  try {
    const session = await createInPlaceSession(graph, mode);
    const [x, doubled] = [float32(Float32Array.of(1, -2, 3), [3]), float32(new Float32Array(3), [3])];
    if (mode === 'resident') place({ x });
    for (let run = 0; run < 2; run++) await runInPlace(session, { x }, { 'updated.x': x, doubled });
    await toHost({ x });
    fetch({ x });
    leave({ x });
    await session.release();
    return `${x.data}` === '3,0,5' && `${doubled.data}` === '6,0,10' ? null : 'it computes wrongly';
  } catch (error) {
    return reasonOf(error);
  }
}

/** onnxruntime's message without the place in its source. */
function reasonOf(error: unknown): string {
  const message = error instanceof UnavailableDevice ? error.reason : messageOf(error);
  return message.replace(/^\/onnxruntime_src\/.* was false\. /, '').trim();
}

function throughCApi(session: BoundSession): InPlaceSession {
  return {
    bind(feeds, results) {
      const { run, release } = session.bind(feeds, asDeclared(session.outputShapes, results));
      return { run: () => letOthersRun().then(run), release };
    },
    release: async () => session.release(),
  };
}

function throughNode(
  session: InferenceSession,
  run: (feeds: Tensors, results: Tensors) => Promise<void>,
): InPlaceSession {
  const shapes = new Map(session.outputMetadata.map((one) => [one.name, one.isTensor ? one.shape : []]));
  return {
    bind: (feeds, results) => {
      const declared = asDeclared(shapes, results);
      return { run: () => run(feeds, declared), release: () => undefined };
    },
    release: () => session.release(),
  };
}

async function runWithCopies(session: InferenceSession, feeds: Tensors, results: Tensors): Promise<void> {
  const outputs = await session.run(feeds, Object.keys(results));
  for (const [name, result] of Object.entries(results)) {
    const copy = outputs[name];
    checkResult(name, copy, result);
    writeInto(result.data, copy);
  }
}

/** Outputs `updated.<name>` of inputs `<name>` stay on the device, where the next run reads them. All others come to the CPU. */
function outputLocations({ inputs, outputs }: Graph): OutputLocations {
  const updated = new Set(inputs.map(({ name }) => `updated.${name}`));
  return Object.fromEntries(outputs.map(({ name }) => [name, updated.has(name) ? 'gpu-buffer' : 'cpu']));
}

/** Shapes that a graph declares for its outputs. A dimension that is no positive number is dynamic. */
type DeclaredShapes = ReadonlyMap<string, readonly (number | string)[]>;

/** The same arrays in the shapes that the graph declares for its outputs, where no dimension of these is dynamic. */
function asDeclared(shapes: DeclaredShapes, results: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]): [string, Tensor] => {
      const shape = shapes.get(name);
      const dims = shape?.filter((dimension): dimension is number => typeof dimension === 'number' && dimension >= 0);
      return [
        name,
        dims && dims.length === shape?.length && !isSame(dims, tensor.dims) ? tensor.reshape(dims) : tensor,
      ];
    }),
  );
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}
