/**
 * The operators of `../../graph/fusedOperators.ts` as onnxruntime takes them: OrtCustomOp structs whose functions are callbacks of this
 * process (onnxruntime_c_api.h). No native code of ours is built. A callback that fails must not throw into onnxruntime: what it
 * says is kept, and thrown when the run has ended.
 */
import { InternalError, messageOf } from '../../../errors.js';
import { at } from '../../../invariant.js';
import { type FusedName, fusedNames, fusedOperands } from '../../graph/fusedOperators.js';
import { type HalfType, onnxElementTypes } from '../../graph/graph.js';
import type { Device } from '../devices.js';
import { compileKernels, type Kernel } from '../kernels/cudaModule.js';
import { kernelSource, launches, type Operand, starter } from '../kernels/launches.js';
import { foreignFunctions } from './foreign.js';
import type { Handle, OrtApi } from './functions.js';
import { given } from './library.js';

/** The version of the API whose struct this is. */
const structVersion = 15;
/** Fields of `OrtCustomOp`: a version, then functions, each of eight bytes. */
const fields = 17;

/** What callbacks and texts live in, as long as the process. */
const kept: unknown[] = [];
let failure: string | undefined;

/** @throws InternalError when an operator failed since it was asked last: the results of that run are not to be trusted. */
export function throwFailure(): void {
  const message = failure;
  failure = undefined;
  if (message !== undefined) throw new InternalError(message);
}

/** The domains with all operators, one for each half type, for the options of sessions. Kernels are compiled when one first runs. */
export function customDomains(api: OrtApi, device: Pick<Device, 'provider' | 'index'>): readonly Handle[] {
  return (['bfloat16', 'float16'] as const).map((half) => {
    const domain = given((box) => api.CreateCustomOpDomain(`reft.${half}`, box));
    let kernels: ReadonlyMap<string, Kernel> | undefined;
    const compiled = () => {
      kernels ??= compileKernels(kernelSource(), device.index, half.toUpperCase());
      return kernels;
    };
    for (const name of fusedNames) api.CustomOpDomain_Add(domain, customOperator(api, name, half, device, compiled));
    return domain;
  });
}

/** What a node was written with. */
interface Attributes {
  readonly epsilon: number;
  readonly window: number;
}

function customOperator(
  api: OrtApi,
  name: FusedName,
  half: HalfType,
  { provider }: Pick<Device, 'provider'>,
  compiled: () => ReadonlyMap<string, Kernel>,
): Handle {
  const struct = new BigUint64Array(fields);
  const address: Handle = foreignFunctions().address(struct);
  kept.push(struct);
  const put = (field: number, result: string, parameters: readonly string[], f: (...passed: Handle[]) => unknown) => {
    struct[field] = callback(result, parameters, f);
  };
  const { inputs, outputs } = fusedOperands[name];
  const typeAt = (types: readonly (typeof inputs)[number][], index: Handle | undefined): number => {
    const type = at(types, Number(index));
    return onnxElementTypes[type === 'half' ? half : type];
  };
  /** By the numbers that onnxruntime has in the place of kernels' addresses. */
  const nodes = new Map<number, Attributes>();
  let made = 0;
  const [text, place] = [textOf(name), textOf(provider === 'cuda' ? 'CUDAExecutionProvider' : 'CPUExecutionProvider')];

  struct[0] = BigInt(structVersion);
  // CreateKernel, GetName, GetExecutionProviderType
  put(1, 'void *', ['void *', 'void *', 'void *'], (_op, _api, info) => {
    made++;
    guarded(name, () => nodes.set(made, attributesOf(api, name, info as Handle)));
    return BigInt(made);
  });
  put(2, 'void *', ['void *'], () => text);
  put(3, 'void *', ['void *'], () => place);
  // GetInputType, GetInputTypeCount, GetOutputType, GetOutputTypeCount
  put(4, 'int', ['void *', 'size_t'], (_op, index) => typeAt(inputs, index));
  put(5, 'size_t', ['void *'], () => inputs.length);
  put(6, 'int', ['void *', 'size_t'], (_op, index) => typeAt(outputs, index));
  put(7, 'size_t', ['void *'], () => outputs.length);
  // KernelCompute, KernelDestroy
  put(8, 'void', ['void *', 'void *'], (kernel, context) =>
    guarded(name, () => {
      const attributes = nodes.get(Number(kernel));
      if (!attributes) throw new InternalError('a kernel without a node');
      run(api, name, context as Handle, attributes, compiled());
    }),
  );
  put(9, 'void', ['void *'], (kernel) => {
    nodes.delete(Number(kernel));
  });
  // Characteristics of inputs and outputs, memory types of inputs: defaults.
  for (const field of [10, 11, 12]) put(field, 'int', ['void *', 'size_t'], () => 0);
  // Of variadic operands, which there are none of.
  for (const field of [13, 14, 15, 16]) put(field, 'int', ['void *'], () => 1);
  return address;
}

function guarded(name: FusedName, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    failure ??= `${name}: ${messageOf(error)}`;
  }
}

function attributesOf(api: OrtApi, name: FusedName, info: Handle): Attributes {
  const [epsilon, window] = [new Float32Array(1), new BigInt64Array(1)];
  if (name === 'ReftNorm') api.KernelInfoGetAttribute_float(info, 'epsilon', epsilon);
  if (name === 'ReftCausalSoftmax') api.KernelInfoGetAttribute_int64(info, 'window', window);
  return { epsilon: at(epsilon, 0), window: Number(at(window, 0)) };
}

function run(
  api: OrtApi,
  name: FusedName,
  context: Handle,
  attributes: Attributes,
  kernels: ReadonlyMap<string, Kernel>,
): void {
  const addressOf = (value: Handle): Handle => given((box) => api.GetTensorMutableData(value, box));
  const inputs = fusedOperands[name].inputs.map((_, index): Operand => {
    const value = given((box) => api.KernelContext_GetInput(context, index, box));
    return { address: addressOf(value), shape: shapeOf(api, value) };
  });
  const result = (index: number, shape: readonly number[]): Operand => {
    const dims = BigInt64Array.from(shape, BigInt);
    const value = given((box) => api.KernelContext_GetOutput(context, index, dims, dims.length, box));
    return { address: addressOf(value), shape };
  };
  const stream = given((box) => api.KernelContext_GetGPUComputeStream(context, box));
  launches[name]({ inputs, result, ...attributes, start: starter(kernels, stream) });
}

function shapeOf(api: OrtApi, value: Handle): readonly number[] {
  const info = given((box) => api.GetTensorTypeAndShape(value, box));
  const shape = new BigInt64Array(Number(given((box) => api.GetDimensionsCount(info, box))));
  api.GetDimensions(info, shape, shape.length);
  api.ReleaseTensorTypeAndShapeInfo(info);
  return Array.from(shape, Number);
}

let prototypes = 0;

function callback(result: string, parameters: readonly string[], f: (...passed: Handle[]) => unknown): Handle {
  const koffi = foreignFunctions();
  const type = koffi.proto(`ReftCallback${prototypes++}`, result, [...parameters]);
  const registered = koffi.register(f, koffi.pointer(type));
  kept.push(registered);
  return koffi.address(registered);
}

function textOf(text: string): Handle {
  const bytes = new TextEncoder().encode(`${text}\0`);
  kept.push(bytes);
  return foreignFunctions().address(bytes);
}
