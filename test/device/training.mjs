/**
 * Training on a device: batches, weights and moments in flat tensors, a gradient graph bound to them, and AdamW as the project's graph
 * or as kernels of our own.
 */
import { cuda, deviceOf, loadKernels, must, onCuda, open, product, rt, view } from './device.mjs';

/** Numbers around 0, the same ones in blocks: fast to make. */
const pieces = new Map();
function noise(count, scale, seed = 1, type = 'float32') {
  const key = `${scale} ${seed % 16} ${type}`;
  if (!pieces.has(key)) pieces.set(key, noisePiece(1 << 18, scale, (seed % 16) + 1, type));
  const piece = pieces.get(key);
  const all = new piece.constructor(count);
  for (let at = 0; at < count; at += piece.length) all.set(piece.subarray(0, Math.min(piece.length, count - at)), at);
  return all;
}
function noisePiece(count, scale, seed, type) {
  let state = seed;
  const block = Float32Array.from({ length: Math.min(count, 1 << 18) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state / 0x7fffffff - 0.5) * 2 * scale;
  });
  return type === 'float32' ? block : toHalf(type, block);
}
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);
/** Bits of half-precision numbers. bfloat16 rounds to nearest; float16 truncates, and takes numbers below its normal ones for 0. */
function toHalf(type, numbers) {
  return Uint16Array.from(numbers, (x) => {
    float[0] = x;
    const u = bits[0];
    if (type === 'bfloat16') return (u + 0x7fff + ((u >> 16) & 1)) >>> 16;
    const exponent = ((u >> 23) & 0xff) - 112;
    if (exponent <= 0) return (u >>> 16) & 0x8000;
    return ((u >>> 16) & 0x8000) | (exponent << 10) | ((u >> 13) & 0x3ff);
  });
}
const hash = (name) => [...name].reduce((h, c) => (h * 31 + c.charCodeAt(0)) & 0xffff, 7);
/** Weights of a name, the same each time: 1 in norms, noise elsewhere. */
export function weight(name, type, shape) {
  const count = product(shape);
  if (/norm/.test(name))
    return type === 'float32' ? new Float32Array(count).fill(1) : toHalf(type, new Float32Array(count).fill(1));
  return noise(count, 0.035, hash(name), type);
}

/** Feeds of a supervised batch of dense sequences, every token with a label. */
export function batchFeeds(batch, length, scale = 1, seed = 0) {
  const n = batch * length;
  const ints = (f) => BigInt64Array.from({ length: n }, (_, i) => BigInt(f(i)));
  const token = (i) => 2 + ((i * 7 + seed * 131) % 1009);
  return {
    tokens: [ints(token), [n]],
    grid: [ints((i) => i), [batch, length]],
    slots: [ints((i) => i), [n]],
    positions: [ints((i) => i), [n]],
    labels: [ints((i) => token(i + 1)), [n]],
    weights: [new Float32Array(n).fill(scale / n), [n]],
  };
}

/** Everything trained in flat tensors, matrices then vectors: weights, moments, gradients. */
export function flatState(device, gradients, apply) {
  const kinds = ['matrices', 'vectors'];
  const shapes = Object.fromEntries(apply.inputs.map(({ name, shape }) => [name, shape]));
  // Each starts at a multiple of 256 bytes: kernels read several floats at once.
  const counts = kinds.map((kind) => Math.ceil(product(shapes[kind]) / 64) * 64);
  const total = counts[0] + counts[1];
  const state = {};
  for (const part of ['weights', 'first', 'second', 'sums']) {
    const whole = device.make('float32', [total]);
    device.zero(whole);
    state[part] = {
      whole,
      matrices: view(device, whole, 'float32', shapes.matrices),
      vectors: view(device, whole, 'float32', shapes.vectors, 4 * counts[0]),
    };
  }
  const at = { matrices: 0, vectors: counts[0] };
  const places = new Map();
  for (const { name, shape } of gradients.inputs) {
    if (!name.startsWith('model.')) continue;
    const kind = shape.length > 1 ? 'matrices' : 'vectors';
    places.set(name, { offset: at[kind], shape });
    device.write(
      { address: state.weights.whole.address + BigInt(4 * at[kind]), bytes: 4 * product(shape) },
      weight(name, 'float32', shape),
    );
    at[kind] += Math.ceil(product(shape) / 16) * 16;
  }
  const release = () => {
    for (const part of Object.values(state)) part.whole.release();
  };
  return { ...state, counts, total, places, kinds, release };
}

/** A gradient run bound to flat state; all that it reads and writes lies on the device at fixed places. */
export function bindGradients(session, device, state, feeds) {
  const binding = rt.createBinding(session);
  const fed = {};
  for (const { name, type, shape } of session.inputs) {
    const place = state.places.get(name);
    if (place) {
      binding.input(name, view(device, state.weights.whole, 'float32', shape, 4 * place.offset));
      continue;
    }
    const [array, dims] = feeds[name];
    fed[name] = device.make(type, dims);
    device.write(fed[name], array);
    binding.input(name, fed[name]);
  }
  const loss = device.make('float32', []);
  for (const { name, type, shape } of session.outputs) {
    if (name === 'loss') binding.output(name, loss);
    else if (name.startsWith('updated.g.'))
      binding.output(
        name,
        view(device, state.sums.whole, 'float32', shape, 4 * state.places.get(name.slice(10)).offset),
      );
    else binding.output(name, device.make(type, shape));
  }
  const one = new Float32Array(1);
  return {
    binding,
    feed(next) {
      for (const [name, value] of Object.entries(fed)) device.write(value, next[name][0]);
    },
    loss() {
      device.read(loss, one);
      return one[0];
    },
    release() {
      binding.release();
      for (const value of Object.values(fed)) value.release();
    },
  };
}

/** Sequences in which nine of ten tokens follow from the one before. */
export function chainFeeds(batch, length, scale, seed) {
  const n = batch * length;
  let state = (seed * 7919 + 17) & 0x7fffffff;
  const next = (m) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * m);
  };
  const tokens = new BigInt64Array(n),
    labels = new BigInt64Array(n);
  for (let row = 0; row < batch; row++) {
    let t = next(1009);
    for (let i = 0; i < length; i++) {
      tokens[row * length + i] = BigInt(2 + t);
      t = next(10) < 9 ? (t * 5 + 3) % 1009 : next(1009);
      labels[row * length + i] = BigInt(2 + t);
    }
  }
  return { ...batchFeeds(batch, length, scale), tokens: [tokens, [n]], labels: [labels, [n]] };
}

const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
function scalarsAt(step, learningRate = 3e-4) {
  const correction1 = 1 - adam.beta1 ** step;
  const correction2 = Math.sqrt(1 - adam.beta2 ** step);
  return {
    learning_rate: learningRate,
    step_size: (learningRate * correction2) / correction1,
    epsilon: adam.epsilon * correction2,
  };
}

/** AdamW as the project's graph of elementwise operators over two flat tensors. */
export function graphUpdate(apply, device, state, scale) {
  const binding = rt.createBinding(apply);
  const parts = { '': state.weights, 'm.': state.first, 'v.': state.second, 'g0.': state.sums };
  for (const [prefix, part] of Object.entries(parts))
    for (const kind of state.kinds) {
      binding.input(prefix + kind, part[kind]);
      if (prefix === 'g0.') continue;
      const name = `updated.${prefix}${kind}`;
      const { shape } = apply.outputs.find((one) => one.name === name);
      binding.output(name, view(device, part.whole, 'float32', shape, kind === 'vectors' ? 4 * state.counts[0] : 0));
    }
  const values = {};
  for (const name of ['learning_rate', 'step_size', 'epsilon']) {
    values[name] = device.make('float32', []);
    binding.input(name, values[name]);
  }
  const norm = device.make('float32', []);
  binding.output('gradient_norm', norm);
  const one = new Float32Array(1);
  return {
    run(step) {
      for (const [name, x] of Object.entries(scalarsAt(step)))
        device.write(values[name], Float32Array.of(name === 'epsilon' ? x * scale : x));
      binding.run();
    },
    norm() {
      device.read(norm, one);
      return one[0] / scale;
    },
    release: () => binding.release(),
  };
}

/** AdamW as kernels of our own: one pass over gradients for the norm, one over everything. */
export function kernelUpdate(device, state, scale) {
  const { squares, clip_factor, adamw } = loadKernels('adamw.cu');
  const sums = device.make('float32', [1024]);
  const result = device.make('float32', [2]);
  const two = new Float32Array(2);
  const { weights, first, second, sums: gradients, total, counts } = state;
  const address = (value) => ['p', value.whole.address];
  return {
    run(step) {
      const s = scalarsAt(step);
      squares(1024, 256, [address(gradients), ['l', total / 4], ['p', sums.address]]);
      clip_factor(1, 256, [
        ['p', sums.address],
        ['i', 1024],
        ['f', 1 / scale],
        ['f', 1],
        ['p', result.address],
      ]);
      adamw(2048, 256, [
        address(weights),
        address(first),
        address(second),
        address(gradients),
        ['l', total / 4],
        ['l', counts[0] / 4],
        ['p', result.address],
        ['f', s.learning_rate],
        ['f', s.step_size],
        ['f', s.epsilon],
        ['f', adam.weightDecay],
      ]);
      must('cudaDeviceSynchronize', cuda.synchronize());
    },
    norm() {
      device.read(result, two);
      return two[0];
    },
    release() {},
  };
}

/** How a mode is run: the graph's ending, the provider's options, and by what the loss is multiplied. */
const modeOf = (mode) => ({
  suffix: /float16/.test(mode) ? `-${mode}` : '',
  options: { use_tf32: mode === 'float32' ? '0' : '1' },
  scale: mode === 'float16' ? 2 ** 12 : 1,
});

/**
 * A training step of a model (2, 30 or qwen), ready to run at one batch shape.
 * @param cudaGraph records the gradients' kernels in the first run, and replays them.
 * @param domains those of the fused operators, for a graph that has them.
 */
export function openTraining({ model, mode, batch, length, cudaGraph, domains }) {
  const { suffix, options, scale } = modeOf(mode);
  const count = batch * length;
  const gradients = open(`gradients-${model}${suffix}${domains.length > 0 ? '-fused' : ''}`, {
    domains,
    cuda: { ...options, ...(cudaGraph ? { enable_cuda_graph: '1' } : {}) },
    dimensions: { batch, time: length, tokens: count, answers: count },
  });
  const apply = open(`apply-flat-${model}${scale > 1 ? '-scaled' : ''}`);
  const device = deviceOf(gradients);
  const state = flatState(device, gradients, apply);
  const bound = bindGradients(gradients, device, state, batchFeeds(batch, length, scale));
  const update = onCuda ? kernelUpdate(device, state, scale) : graphUpdate(apply, device, state, scale);
  return {
    scale,
    count,
    seconds: gradients.seconds,
    stateBytes: 16 * state.total,
    feed: bound.feed,
    run: () => bound.binding.run(),
    update: update.run,
    loss: () => bound.loss() / scale,
    norm: update.norm,
    release() {
      for (const one of [bound, update, state, gradients, apply]) one.release();
    },
  };
}

/** One run of the gradients of two layers: all of them in one array, with the places of the parameters in it, and the loss. */
export function gradientsOf({ on, mode, batch, length, domains = [] }) {
  const { suffix, options, scale } = modeOf(mode);
  const session = open(`gradients-2${suffix}${domains.length > 0 ? '-fused' : ''}`, {
    on,
    cuda: options,
    domains,
  });
  const apply = open('apply-flat-2', { on });
  const device = deviceOf(session, on);
  const state = flatState(device, session, apply);
  const bound = bindGradients(session, device, state, batchFeeds(batch, length, scale));
  bound.binding.run();
  const sums = new Float32Array(state.total);
  device.read(state.sums.whole, sums);
  const result = { gradients: sums.map((x) => x / scale), loss: bound.loss() / scale, places: state.places };
  for (const one of [bound, state, session, apply]) one.release();
  return result;
}
