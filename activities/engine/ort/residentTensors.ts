/**
 * Tensors that stay on a device between runs. Each belongs to an array in this process's memory, and stands for it: the array
 * is out of date from the first run that leaves its result on the device until `toHost` brings the numbers back.
 *
 * So the code that trains and decodes works with plain arrays on every device, and says only where it looks at them itself.
 */
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { append, createGraph, input, output } from '../graph/graph.js';
import { serialise } from '../graph/onnx/serialise.js';
import { createSession } from './session.js';
import { float32 } from './tensors.js';

export type Tensors = Readonly<Record<string, Tensor>>;

/** By the array that each stands for; when that is collected, so is the memory on the device. */
const residents = new WeakMap<object, Tensor>();

/**
 * Runs a session, feeding what is resident from the device. Outputs that the session leaves there replace the residents of the
 * arrays in `results`; the others are written into their arrays.
 * @throws Error when an output's type or shape is not the result's.
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

/** Uploads float32 tensors that runs only read, so that each does not upload them again. */
export async function toDevice(tensors: Tensors): Promise<void> {
  const absent = Object.values(tensors).filter(({ type, data }) => type === 'float32' && !residents.has(data));
  if (absent.length === 0) return;
  const session = await copier('gpu-buffer');
  for (const { data, size } of absent) {
    const { copy } = await session.run({ original: float32(data as Float32Array, [size]) });
    if (copy) keep(data, copy);
  }
}

/** Brings arrays up to date with what the device holds for them. They may then be read, and are still resident. */
export async function toHost(tensors: Tensors): Promise<void> {
  for (const { data, size } of Object.values(tensors)) {
    const resident = residents.get(data);
    if (!resident) continue;
    const session = await copier('cpu');
    const { copy } = await session.run({ original: view(resident, [size]) });
    if (copy) writeInto(data, copy);
  }
}

/** Forgets what the device holds for arrays that were changed in this process's memory: the next run uploads them. */
export function changedOnHost(tensors: Tensors): void {
  for (const { data } of Object.values(tensors)) {
    residents.get(data)?.dispose();
    residents.delete(data);
  }
}

/** @throws Error unless an output is of the type and shape of the tensor that is to receive it. */
export function checkResult(name: string, found: Tensor | undefined, result: Tensor): asserts found is Tensor {
  if (found === undefined || found.type !== result.type || found.dims.join() !== result.dims.join())
    throw new Error(
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
 * A session that copies a tensor to a location. The binding's own `getData` of a tensor on a device ends the process, and it has
 * no upload.
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
  if (!ArrayBuffer.isView(data)) throw new Error('a tensor of strings has no bytes');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
