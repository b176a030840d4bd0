/**
 * Attention of exported models: the caller feeds keys and values of past positions, and gets them back with the new ones added.
 *
 * Inputs and outputs have the names, shapes and order that transformers.js and Optimum expect. Rows of a batch may be padded on
 * either side: `attention_mask` says which positions are real, and `position_ids` each token's position.
 */
import { at } from '../../invariant.js';
import { append, constant, type Graph, input, output, type Tensor } from '../graph/graph.js';
import {
  add,
  cast,
  concatenate,
  dimensionSize,
  lessOrEqual,
  matmul,
  multiply,
  range,
  reshape,
  slice,
  softmax,
  subtract,
  transpose,
  where,
} from '../graph/operators.js';
import { product } from '../graph/shape.js';
import { type AttentionSizes, onceEach, type Rotary, type Sequences, scoreScale } from '../models/languageModel.js';

/** Added to a score that must not count: far below any score, and finite in float32 when added three times. */
const masked = -1e9;

/**
 * Adds inputs `attention_mask` int64 `[batch, total]`, `position_ids` int64 `[batch, time]` and for each layer
 * `past_key_values.<layer>.key` and `.value` `[batch, keyValueHeads, past, size]`, and the outputs `present.<layer>.…`
 * `[batch, keyValueHeads, total, size]`, for `time` new tokens a row and total = past + time.
 */
export function pastAttention(graph: Graph, sizes: AttentionSizes): Sequences {
  const { heads, keyValueHeads, size } = sizes;
  const group = heads / keyValueHeads;
  const tokens = product(['batch', 'time']);
  const mask = input(graph, 'attention_mask', 'int64', ['batch', 'total']);
  const positions = reshape(input(graph, 'position_ids', 'int64', ['batch', 'time']), [tokens]);
  const biasOf = onceEach(
    sizes.layers.map(({ window }) => window),
    (window) => attentionBias(graph, mask, window),
  );
  const rotateOf = onceEach(
    sizes.layers.map(({ rotary }) => rotary),
    (rotary) => (rotary ? rotation(positions, rotary) : (x: Tensor): Tensor => x),
  );

  /** A layer's keys or values: those of the past, then the new ones. */
  const withPast = (layer: number, part: 'key' | 'value', latest: Tensor): Tensor => {
    const past = input(graph, `past_key_values.${layer}.${part}`, 'float32', ['batch', keyValueHeads, 'past', size]);
    const shape = ['batch', keyValueHeads, 'total', size];
    const byHead = transpose(reshape(latest, ['batch', 'time', keyValueHeads, size]), [0, 2, 1, 3]);
    const all = append(
      graph,
      'Concat',
      [past, byHead],
      { type: 'float32', shape },
      { axis: { kind: 'int', value: 2 } },
    );
    output(all, `present.${layer}.${part}`);
    return all;
  };

  return {
    attend: (queries, keys, values, layer) => {
      const rotate = at(rotateOf, layer);
      const q = transpose(
        reshape(rotate(reshape(queries, [tokens, heads, size])), ['batch', 'time', keyValueHeads, group, size]),
        [0, 2, 3, 1, 4],
      );
      const k = withPast(layer, 'key', rotate(reshape(keys, [tokens, keyValueHeads, size])));
      const v = withPast(layer, 'value', values);
      const groupTime = product([group, 'time']);
      const rows = multiply(reshape(q, ['batch', keyValueHeads, groupTime, size]), scoreScale(sizes));
      const scores = reshape(matmul(rows, transpose(k, [0, 1, 3, 2])), [
        'batch',
        keyValueHeads,
        group,
        'time',
        'total',
      ]);
      const weights = reshape(softmax(add(scores, at(biasOf, layer))), ['batch', keyValueHeads, groupTime, 'total']);
      const context = reshape(matmul(weights, v), ['batch', keyValueHeads, group, 'time', size]);
      return reshape(transpose(context, [0, 3, 1, 2, 4]), [tokens, heads * size]);
    },
    positions: () => positions,
  };
}

/**
 * Added to scores `[batch, keyValueHeads, group, time, total]`: a large negative number where a query must not look (at later tokens,
 * at padding, at tokens that are `window` places or more behind it), else 0.
 */
function attentionBias(graph: Graph, mask: Tensor, window: number | null): Tensor {
  const places = range(graph, 'total');
  // The new tokens are the last `time` of all.
  const own = add(
    reshape(range(graph, 'time'), ['time', 1]),
    subtract(dimensionSize(graph, 'total'), dimensionSize(graph, 'time')),
  );
  const zero = constant(graph, 'float32', [], [0]);
  const ahead = where(lessOrEqual(places, own), zero, masked);
  const behind = (width: number): Tensor =>
    where(lessOrEqual(places, subtract(own, constant(graph, 'int64', [1], [width]))), masked, zero);
  const seen = window === null ? ahead : add(ahead, behind(window));
  const padding = multiply(subtract(cast(mask, 'float32'), 1), -masked);
  return add(seen, reshape(padding, ['batch', 1, 1, 1, 'total']));
}

/** Rotary embedding of `[tokens, heads, size]`. Element i is paired with element i + size / 2, as in Hugging Face Llama. */
function rotation(positions: Tensor, { frequencies, magnitude = 1 }: Rotary): (x: Tensor) => Tensor {
  const { graph, shape } = positions;
  const half = frequencies.length;
  const places = reshape(cast(positions, 'float32'), [...shape, 1, 1]);
  const angles = multiply(places, constant(graph, 'float32', [1, 1, half], frequencies));
  const wave = (operator: 'Cos' | 'Sin'): Tensor => {
    const plain = append(graph, operator, [angles], { type: 'float32', shape: angles.shape });
    return magnitude === 1 ? plain : multiply(plain, magnitude);
  };
  const [cosine, sine] = [wave('Cos'), wave('Sin')];
  return (x) => {
    const [low, high] = [slice(x, 0, half), slice(x, half, 2 * half)];
    return concatenate(
      [subtract(multiply(low, cosine), multiply(high, sine)), add(multiply(high, cosine), multiply(low, sine))],
      2,
    );
  };
}
