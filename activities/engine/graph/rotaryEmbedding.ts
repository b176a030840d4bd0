/** The rotary position embedding as one operator of onnxruntime's. Its tables are made in `../models/rotary.ts`. */
import { append, constant, type Tensor } from './graph.js';

/**
 * Rotary position embedding of `x [batch, time, heads × size]` at positions 0 … time − 1, or at int64 `positions [batch, time]`.
 * Element i of a head is paired with element i + size / 2, as in Hugging Face Llama. `cosine` and `sine` are
 * `[positions, size / 2]`; with negated sines it rotates back, which is its gradient where positions count from 0.
 */
export function rotaryEmbedding(x: Tensor, cosine: Tensor, sine: Tensor, heads: number, positions?: Tensor): Tensor {
  return append(
    x.graph,
    'RotaryEmbedding',
    [x, positions ?? constant(x.graph, 'int64', [1], [0]), cosine, sine],
    { type: x.type, shape: x.shape },
    { num_heads: { kind: 'int', value: heads }, interleaved: { kind: 'int', value: 0 } },
    'com.microsoft',
  );
}
