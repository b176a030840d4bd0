/**
 * Operators of our own in onnxruntime, domain `reft`: OrtCustomOp structs whose functions are koffi callbacks. Compute launches
 * kernels of kernels/fused.cu on the run's stream; in a CUDA graph it is called for the recording alone.
 */
import { flag, loadKernels, product, rt, say } from './device.mjs';
import { elementTypes } from './onnxruntime.mjs';

const { koffi, ort } = rt;
const blocks = (count, each) => Math.ceil(count / each);
const pointer = ({ address }) => ['p', address];
const long = (x) => ['l', x];
const int = (x) => ['i', x];
const half = 'bfloat16';
const f32 = 'float32';
const epsilon = Number(flag('epsilon', '1e-5'));
/** Blocks of norm_backward: rows of the parts of the gain's gradient. */
const normParts = 264;

/**
 * By name: types of the inputs and of the outputs, and the launch. It gets the kernels, the inputs (address and shape), `output`,
 * which makes output i in a shape, and the stream.
 */
const operators = {
  ReftNorm: {
    inputs: [f32, f32],
    outputs: [half, f32],
    launch(kernels, [x, gain], output, stream) {
      const [rows, width] = x.shape;
      const [y, scales] = [output(0, x.shape), output(1, [rows])];
      const args = [x, gain, y, scales].map(pointer);
      kernels.norm_forward(blocks(rows, 8), 256, [...args, long(rows), int(width), ['f', epsilon]], stream);
    },
  },
  ReftNormBack: {
    inputs: [half, f32, f32, f32],
    outputs: [f32, f32, f32],
    launch(kernels, [g, x, gain, scales], output, stream) {
      const [rows, width] = x.shape;
      const [dx, sums, parts] = [output(0, x.shape), output(1, gain.shape), output(2, [normParts, width])];
      const args = [g, x, gain, scales, dx, parts].map(pointer);
      kernels.norm_backward(normParts, 256, [...args, long(rows), int(width)], stream);
      kernels.sum_rows(blocks(width, 64), 64, [pointer(parts), pointer(sums), int(normParts), int(width)], stream);
    },
  },
  ReftSwiGlu: {
    inputs: [half, half],
    outputs: [half],
    launch(kernels, [gate, up], output, stream) {
      const eights = product(gate.shape) / 8;
      const args = [gate, up, output(0, gate.shape)].map(pointer);
      kernels.swiglu_forward(blocks(eights, 256), 256, [...args, long(eights)], stream);
    },
  },
  ReftSwiGluBack: {
    inputs: [half, half, half],
    outputs: [half, half, half],
    launch(kernels, [g, gate, up], output, stream) {
      const eights = product(gate.shape) / 8;
      const args = [g, gate, up, ...[0, 1, 2].map((i) => output(i, gate.shape))].map(pointer);
      kernels.swiglu_backward(blocks(eights, 256), 256, [...args, long(eights)], stream);
    },
  },
  ReftCausalSoftmax: {
    inputs: [half],
    outputs: [half],
    launch(kernels, [scores], output, stream) {
      const time = scores.shape.at(-1);
      const rows = product(scores.shape) / time;
      const args = [scores, output(0, scores.shape)].map(pointer);
      kernels.softmax_forward(blocks(rows, 8), 256, [...args, long(rows), int(time)], stream);
    },
  },
  ReftCausalSoftmaxBack: {
    inputs: [half, half],
    outputs: [half],
    launch(kernels, [g, weights], output, stream) {
      const time = g.shape.at(-1);
      const rows = product(g.shape) / time;
      const args = [g, weights, output(0, g.shape)].map(pointer);
      kernels.softmax_backward(blocks(rows, 8), 256, [...args, long(rows), int(time)], stream);
    },
  },
  ReftCrossEntropy: {
    inputs: [half, 'int64'],
    outputs: [f32, f32],
    launch(kernels, [logits, labels], output, stream) {
      const [rows, width] = logits.shape;
      const args = [logits, labels, output(0, [rows]), output(1, [rows])].map(pointer);
      kernels.cross_entropy_forward(rows, 256, [...args, int(width)], stream);
    },
  },
  ReftCrossEntropyBack: {
    inputs: [f32, half, 'int64', f32],
    outputs: [half],
    launch(kernels, [g, logits, labels, sums], output, stream) {
      const [rows, width] = logits.shape;
      const args = [g, logits, labels, sums, output(0, logits.shape)].map(pointer);
      kernels.cross_entropy_backward(rows, 256, [...args, int(width)], stream);
    },
  },
};

const calloc = koffi.load('libc.so.6').func('void *calloc(size_t n, size_t size)');
/** Callbacks live as long as the process. */
const kept = [];

function cString(string) {
  const bytes = Buffer.from(`${string}\0`);
  const block = calloc(1, bytes.length);
  new Uint8Array(koffi.view(block, bytes.length)).set(bytes);
  return block;
}

/** Fields of OrtCustomOp, version 15: a number, then pointers of functions. */
function customOp(name, { inputs, outputs, launch }, kernels) {
  const block = calloc(32, 8);
  const memory = new DataView(koffi.view(block, 256));
  const [nameText, providerText] = [cString(name), cString('CUDAExecutionProvider')];
  const put = (field, prototype, f) => {
    const type = koffi.proto(prototype.replace('F(', `${name}_${field}(`));
    const callback = koffi.register(f, koffi.pointer(type));
    kept.push(callback);
    memory.setBigUint64(8 * field, koffi.address(callback), true);
  };
  const compute = (context) => {
    const box = [null];
    const read = inputs.map((_, i) => {
      ort.KernelContext_GetInput(context, i, box);
      const value = box[0];
      ort.GetTensorMutableData(value, box);
      return { address: box[0], shape: rt.shapeOf(value).shape };
    });
    ort.KernelContext_GetGPUComputeStream(context, box);
    const stream = box[0];
    const output = (i, shape) => {
      ort.KernelContext_GetOutput(context, i, BigInt64Array.from(shape, BigInt), shape.length, box);
      ort.GetTensorMutableData(box[0], box);
      return { address: box[0], shape };
    };
    launch(kernels, read, output, stream);
  };
  memory.setUint32(0, 15, true);
  put(1, 'void *F(void *op, void *api, void *info)', () => block); // CreateKernel: the kernel has no state
  put(2, 'void *F(void *op)', () => nameText); // GetName
  put(3, 'void *F(void *op)', () => providerText); // GetExecutionProviderType
  put(4, 'int F(void *op, size_t index)', (_, i) => elementTypes[inputs[Number(i)]]); // GetInputType
  put(5, 'size_t F(void *op)', () => inputs.length); // GetInputTypeCount
  put(6, 'int F(void *op, size_t index)', (_, i) => elementTypes[outputs[Number(i)]]); // GetOutputType
  put(7, 'size_t F(void *op)', () => outputs.length); // GetOutputTypeCount
  put(8, 'void F(void *kernel, void *context)', (_, context) => {
    // KernelCompute. An exception must not pass through onnxruntime's frames.
    try {
      compute(context);
    } catch (error) {
      failure ??= { operator: name, message: String(error.message).slice(0, 300) };
    }
  });
  put(9, 'void F(void *kernel)', () => {}); // KernelDestroy
  for (const field of [10, 11, 12]) put(field, 'int F(void *op, size_t index)', () => 0); // Characteristics, memory type: defaults
  for (const field of [13, 14, 15, 16]) put(field, 'int F(void *op)', () => 1); // Variadic operands: none
  return block;
}

let failure;
/** Says so when an operator failed in a run: its outputs are not to be trusted. */
export function reportFailure() {
  if (failure) say({ section: 'fused', ...failure });
}

/** The domain with all operators, for `createSession`'s `domain`. */
export function createFusedDomain() {
  const kernels = loadKernels('fused.cu');
  const box = [null];
  ort.CreateCustomOpDomain('reft', box);
  const domain = box[0];
  for (const [name, definition] of Object.entries(operators)) {
    ort.CustomOpDomain_Add(domain, customOp(name, definition, kernels));
  }
  return domain;
}
