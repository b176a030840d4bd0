/**
 * Attention for decoding: keys and values of earlier positions come from a cache, new ones are written into it.
 *
 * One operator does all of it (com.microsoft GroupQueryAttention: rotary embedding, cache update, causal attention, windows). Past and
 * present are the same array, so a step writes one position a row and copies nothing. Rows may differ in length.
 */
import { at } from '../../invariant.js';
import { appendMany, type Graph, input, output, type Tensor } from '../graph/graph.js';
import { cast, expand, range, reshape } from '../graph/operators.js';
import { rotaryEmbedding } from '../graph/rotaryEmbedding.js';
import { type Dimension, product } from '../graph/shape.js';
import { type Attention, type AttentionSizes, onceEach, type Sequences } from '../models/languageModel.js';
import { type RotaryTables, rotaryTables } from '../models/rotary.js';

/** Whether GroupQueryAttention can rotate heads of this size: on the CPU a multiple of 16. */
const rotates = (size: number): boolean => size % 16 === 0;

/** Names of a layer's cache in the graph: input `past` and output `present` are one array `[batch, keyValueHeads, capacity, size]`. */
export const cacheName = (time: 'past' | 'present', layer: number, part: 'keys' | 'values'): string =>
  `${time}.${layer}.${part}`;

/** Whether it is such a name. */
export const isCacheName = (name: string): boolean => /^(past|present)\.\d+\.(keys|values)$/.test(name);

/**
 * Adds inputs `last_positions` int32 `[batch]` (the position of each row's last token) and `total_length` int32 `[1]` (the longest
 * row's length), and inputs and outputs of each layer's cache.
 * @param time tokens a row. Above 1: whole prompts from position 0, padded on the right; `total_length` is `time`. 1: the token
 * that follows what the cache holds.
 */
export function cachedAttention(graph: Graph, sizes: AttentionSizes, batch: Dimension, time: Dimension): Sequences {
  const { heads, keyValueHeads, size, scale } = sizes;
  const lastPositions = input(graph, 'last_positions', 'int32', [batch]);
  const totalLength = input(graph, 'total_length', 'int32', [1]);
  const tablesOf = onceEach(
    sizes.layers.map(({ rotary }) => rotary),
    (rotary) => rotary && rotaryTables(graph, rotary),
  );
  const cache = { type: 'float32', shape: [batch, keyValueHeads, 'capacity', size] } as const;

  /** Queries or keys `[batch, time, heads × size]`, rotated where the operator cannot. */
  const rotated = (x: Tensor, tables: RotaryTables | null, count: number): Tensor => {
    const rows = reshape(x, [batch, time, count * size]);
    if (tables === null || rotates(size)) return rows;
    const places = time === 1 ? reshape(cast(lastPositions, 'int64'), [batch, 1]) : undefined;
    return rotaryEmbedding(rows, tables.cosine, tables.sine, count, places);
  };

  const attend: Attention = (queries, keys, values, layer) => {
    const { window } = at(sizes.layers, layer);
    const tables = at(tablesOf, layer);
    const inside = rotates(size) ? tables : null;
    const outputs = appendMany(
      graph,
      'GroupQueryAttention',
      [
        rotated(queries, tables, heads),
        rotated(keys, tables, keyValueHeads),
        reshape(values, [batch, time, keyValueHeads * size]),
        input(graph, cacheName('past', layer, 'keys'), cache.type, cache.shape),
        input(graph, cacheName('past', layer, 'values'), cache.type, cache.shape),
        lastPositions,
        totalLength,
        ...(inside ? [inside.cosine, inside.sine] : []),
      ],
      [{ type: 'float32', shape: [batch, time, heads * size] }, cache, cache],
      {
        num_heads: { kind: 'int', value: heads },
        kv_num_heads: { kind: 'int', value: keyValueHeads },
        do_rotary: { kind: 'int', value: Number(inside !== null) },
        ...(window === null ? {} : { local_window_size: { kind: 'int', value: window } }),
        ...(scale === undefined ? {} : { scale: { kind: 'float', value: scale } }),
      },
      'com.microsoft',
    );
    output(at(outputs, 1), cacheName('present', layer, 'keys'));
    output(at(outputs, 2), cacheName('present', layer, 'values'));
    return reshape(at(outputs, 0), [product([batch, time]), heads * size]);
  };

  const positions = (): Tensor =>
    time === 1
      ? cast(lastPositions, 'int64')
      : reshape(expand(range(graph, time), [batch, time]), [product([batch, time])]);
  return { attend, positions };
}
