/** A decoding loop on a device: weights and cache stay there at fixed places, tokens and positions travel. */
import { deviceOf, hostArray, onCuda, open, rt } from './device.mjs';
import { weight } from './training.mjs';

/** Ready to decode `rows` rows with the given step graph, in a cache of `capacity` positions. */
export function openDecoding({ graph, rows, capacity, cudaGraph }) {
  const session = open(graph, {
    cuda: cudaGraph && onCuda ? { enable_cuda_graph: '1' } : {},
    dimensions: cudaGraph ? { batch: rows, capacity } : {},
  });
  const device = deviceOf(session);
  const binding = rt.createBinding(session);
  const values = new Map();
  for (const { name, type, shape } of session.inputs) {
    if (name === 'total_length') {
      // May stay on the CPU: the cache's capacity is constant, rows' own lengths say what is read.
      binding.input(name, rt.hostValue('int32', [1], Int32Array.of(capacity)));
      continue;
    }
    const cached = name.startsWith('past.');
    const dims = cached ? [rows, shape[1], capacity, shape[3]] : shape.map((size) => (size < 0 ? rows : size));
    const value = device.make(type, dims);
    if (cached) device.zero(value);
    else if (!/^(tokens|last_positions|uniforms)$/.test(name)) device.write(value, weight(name, type, dims));
    binding.input(name, value);
    values.set(name, value);
    if (cached) binding.output(name.replace('past.', 'present.'), value);
  }
  const nextTokens = device.make('int64', [rows]);
  const chosen = device.make('float32', [rows]);
  binding.output('next_tokens', nextTokens);
  binding.output('log_probs', chosen);
  const tokens = hostArray('int64', [rows]).map((_, row) => BigInt(5 + row));
  const logProbs = new Float32Array(rows);
  const positions = new Int32Array(rows);
  const uniforms = new Float32Array(rows);
  let state = 12345;
  return {
    tokens,
    logProbs,
    /** The tokens at `position` go in, the next ones and their log-probabilities come out. */
    step(position) {
      positions.fill(position);
      for (let row = 0; row < rows; row++) {
        state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
        uniforms[row] = state / 0x80000000;
      }
      device.write(values.get('last_positions'), positions);
      device.write(values.get('tokens'), tokens);
      // Greedy graphs draw nothing.
      if (values.has('uniforms')) device.write(values.get('uniforms'), uniforms);
      binding.run();
      device.read(nextTokens, tokens);
      device.read(chosen, logProbs);
    },
    release() {
      binding.release();
      for (const value of [...values.values(), nextTokens, chosen]) value.release();
      session.release();
    },
  };
}
