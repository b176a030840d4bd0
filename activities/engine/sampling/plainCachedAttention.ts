/**
 * Attention for decoding, as `cachedAttention.ts` has it, in operators that every device has in float32: CUDA has no kernel of
 * grouped-query attention for it, and onnxruntime would fetch the whole cache at each step.
 *
 * New keys and values are written into the cache by ScatterND, which copies nothing where past and present are one array. A step
 * reads all positions of the cache and masks those that hold nothing, so what is there must be finite.
 */
import { at } from '../../invariant.js';
import { masked } from '../graph/causalMask.js';
import { append, constant, type Graph, input, output, type Tensor } from '../graph/graph.js';
import {
  add,
  cast,
  concatenate,
  expand,
  greaterOrEqual,
  matmul,
  multiply,
  range,
  reshape,
  softmax,
  subtract,
  transpose,
} from '../graph/operators.js';
import { rotaryEmbedding } from '../graph/rotaryEmbedding.js';
import type { Dimension } from '../graph/shape.js';
import { causalAttention } from '../models/causalAttention.js';
import { type Attention, type AttentionSizes, onceEach, type Sequences, scoreScale } from '../models/languageModel.js';
import { rotaryTables } from '../models/rotary.js';
import { cacheName } from './cachedAttention.js';

/**
 * Adds inputs `last_positions` int32 `[batch]` (the position of each row's last token), and inputs and outputs of each layer's cache.
 * @param time as `cachedAttention` has it.
 */
export function plainCachedAttention(
  graph: Graph,
  sizes: AttentionSizes,
  batch: Dimension,
  time: Dimension,
): Sequences {
  const { heads, keyValueHeads, size } = sizes;
  const lastPositions = cast(input(graph, 'last_positions', 'int32', [batch]), 'int64');
  const shape = [batch, keyValueHeads, 'capacity', size] as const;
  const pasts = sizes.layers.map((_, layer) => ({
    keys: input(graph, cacheName('past', layer, 'keys'), 'float32', shape),
    values: input(graph, cacheName('past', layer, 'values'), 'float32', shape),
  }));
  const places = placesOf(graph, [batch, keyValueHeads, time], lastPositions);

  /** Writes new positions, `[batch, keyValueHeads, time, size]`, and gives the whole cache. */
  const written = (fresh: Tensor, layer: number, part: 'keys' | 'values'): Tensor => {
    const present = append(graph, 'ScatterND', [at(pasts, layer)[part], places, fresh], { type: 'float32', shape });
    output(present, cacheName('present', layer, part));
    return present;
  };

  const tablesOf = onceEach(
    sizes.layers.map(({ rotary }) => rotary),
    (rotary) => rotary && rotaryTables(graph, rotary),
  );
  const rotated = (x: Tensor, count: number, layer: number): Tensor => {
    const tables = at(tablesOf, layer);
    if (tables === null) return x;
    const rows = reshape(x, [batch, time, count * size]);
    const positions = time === 1 ? reshape(lastPositions, [batch, 1]) : undefined;
    return rotaryEmbedding(rows, tables.cosine, tables.sine, count, positions);
  };
  const byHead = (x: Tensor): Tensor => {
    if (time === 1) return reshape(x, [batch, keyValueHeads, 1, size]);
    return transpose(reshape(x, [batch, time, keyValueHeads, size]), [0, 2, 1, 3]);
  };
  const write = (keys: Tensor, values: Tensor, layer: number) => ({
    keys: written(byHead(rotated(keys, keyValueHeads, layer)), layer, 'keys'),
    values: written(byHead(values), layer, 'values'),
  });

  if (time !== 1) {
    const whole = causalAttention(graph, sizes, batch, time);
    const attend: Attention = (queries, keys, values, layer) => {
      write(keys, values, layer);
      return whole.attend(queries, keys, values, layer);
    };
    return { ...whole, attend };
  }

  const maskOf = onceEach(
    sizes.layers.map(({ window }) => window),
    (window) => rowMask(graph, batch, lastPositions, window),
  );
  const attend: Attention = (queries, keys, values, layer) => {
    const cache = write(keys, values, layer);
    const q = reshape(rotated(queries, heads, layer), [batch, keyValueHeads, heads / keyValueHeads, size]);
    const scores = matmul(q, cache.keys, { transposeB: true, alpha: scoreScale(sizes) });
    return reshape(matmul(softmax(add(scores, at(maskOf, layer))), cache.values), [batch, heads * size]);
  };
  return { attend, positions: () => lastPositions };
}

/** Where new positions are written: int64 `[batch, keyValueHeads, time, 3]`, indices of row, head and position. */
function placesOf(
  graph: Graph,
  shape: readonly [batch: Dimension, keyValueHeads: number, time: Dimension],
  lastPositions: Tensor,
): Tensor {
  const [batch, keyValueHeads, time] = shape;
  const index = (values: Tensor, own: readonly [Dimension, Dimension, Dimension]): Tensor =>
    expand(reshape(values, [...own, 1]), [...shape, 1]);
  return concatenate(
    [
      index(range(graph, batch), [batch, 1, 1]),
      index(range(graph, keyValueHeads), [1, keyValueHeads, 1]),
      time === 1 ? index(lastPositions, [batch, 1, 1]) : index(range(graph, time), [1, 1, time]),
    ],
    3,
  );
}

/** `[batch, 1, 1, capacity]`: `masked` at positions behind a row's last token, and where its window does not reach; 0 elsewhere. */
function rowMask(graph: Graph, batch: Dimension, lastPositions: Tensor, window: number | null): Tensor {
  const positions = reshape(range(graph, 'capacity'), [1, 1, 1, 'capacity']);
  const last = reshape(lastPositions, [batch, 1, 1, 1]);
  const asNumber = (condition: Tensor): Tensor => cast(condition, 'float32');
  const isThere = asNumber(greaterOrEqual(last, positions));
  const first = window === null ? null : add(last, constant(graph, 'int64', [], [1 - window]));
  const isSeen = first ? multiply(isThere, asNumber(greaterOrEqual(positions, first))) : isThere;
  return multiply(subtract(isSeen, 1), -masked);
}
