/**
 * Tensors that stay on a device between runs. Each replaces an array in this process's memory: the array is out of date from the
 * first run that leaves its result on the device until `toHost` copies the numbers back.
 *
 * So training and decoding work with plain arrays on every device, and only call `toHost` before they read one themselves.
 */
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { InternalError } from '../../errors.js';
import { required } from '../../invariant.js';
import { append, createGraph, input, output } from '../graph/graph.js';
import { serialise } from '../graph/onnx/serialise.js';
import { createSession, type Tensors } from './session.js';
import { float32 } from './tensors.js';

/** By the array that each replaces. When the array is garbage-collected, so is the memory on the device. */
const residents = new WeakMap<object, Tensor>();

/**
 * Runs a session; resident tensors are fed from the device. Outputs that the session leaves there become the residents of the arrays
 * in `results`; others are written into their arrays.
 * @throws InternalError when an output's type or shape is not the result's.
 */
export async function runOnDevice(session: InferenceSession, feeds: Tensors, results: Tensors): Promise<void> {
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, onDevice(tensor)]));
  // All outputs: onnxruntime-node 1.30 counts output locations along what is fetched, not by name.
  const outputs = await session.run(inputs);
  for (const [name, found] of Object.entries(outputs)) {
    const result = results[name];
    if (result) settle(name, found, result);
    else found.dispose();
  }
}

/** Uploads float32 tensors that runs only read, once for all runs. */
export async function toDevice(tensors: Tensors): Promise<void> {
  const absent = Object.values(tensors).filter(({ type, data }) => type === 'float32' && !residents.has(data));
  if (absent.length === 0) return;
  const session = await copier('gpu-buffer');
  for (const { data, size } of absent) {
    if (!(data instanceof Float32Array)) continue;
    const { copy } = await session.run({ original: float32(data, [size]) });
    keep(data, required(copy, 'the output copy'));
  }
}

/** Copies what the device holds for arrays into them, so that they may be read. They stay resident. */
export async function toHost(tensors: Tensors): Promise<void> {
  for (const { data, size } of Object.values(tensors)) {
    const resident = residents.get(data);
    if (!resident) continue;
    const session = await copier('cpu');
    const { copy } = await session.run({ original: view(resident, [size]) });
    writeInto(data, required(copy, 'the output copy'));
  }
}

/** To be called when arrays were changed in this process's memory: frees what the device holds for them. The next run uploads them. */
export function changedOnHost(tensors: Tensors): void {
  for (const { data } of Object.values(tensors)) {
    residents.get(data)?.dispose();
    residents.delete(data);
  }
}

/** @throws InternalError unless the output has the type and shape of the tensor that is to receive it. */
export function checkResult(name: string, found: Tensor | undefined, result: Tensor): asserts found is Tensor {
  if (found === undefined || found.type !== result.type || found.dims.join() !== result.dims.join())
    throw new InternalError(
      `output ${name} is ${found?.type} [${found?.dims.join(', ')}], expected ${result.type} [${result.dims.join(', ')}]`,
    );
}

/** Overwrites an array with a tensor's values. */
export function writeInto(data: Tensor.DataType, source: Tensor): void {
  bytesOf(data).set(bytesOf(source.data));
}

function settle(name: string, found: Tensor, result: Tensor): void {
  checkResult(name, found, result);
  if (found.location === 'cpu') writeInto(result.data, found);
  else keep(result.data, found);
}

function keep(data: object, tensor: Tensor): void {
  residents.get(data)?.dispose();
  residents.set(data, tensor);
}

function onDevice(tensor: Tensor): Tensor {
  const resident = residents.get(tensor.data);
  return resident ? view(resident, tensor.dims) : tensor;
}

/** The same memory on the device under other dimensions; the resident stays its owner. */
function view(resident: Tensor, dims: readonly number[]): Tensor {
  return Tensor.fromGpuBuffer(resident.gpuBuffer, { dataType: 'float32', dims });
}

const copiers = new Map<'cpu' | 'gpu-buffer', Promise<InferenceSession>>();

/**
 * A session that copies a tensor to a location. onnxruntime-node 1.30 has no upload, and its `getData` of a tensor on a device ends
 * the process.
 */
function copier(location: 'cpu' | 'gpu-buffer'): Promise<InferenceSession> {
  const known = copiers.get(location);
  if (known) return known;
  const graph = createGraph();
  const original = input(graph, 'original', 'float32', ['n']);
  output(append(graph, 'Identity', [original], original), 'copy');
  const created = createSession(serialise(graph), { copy: location });
  copiers.set(location, created);
  return created;
}

function bytesOf(data: Tensor.DataType): Uint8Array {
  if (!ArrayBuffer.isView(data)) throw new InternalError('a tensor of strings has no bytes');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
