/**
 * Attention for decoding: keys and values of earlier positions come from a cache, new ones are written into it.
 *
 * One operator does all of it (com.microsoft GroupQueryAttention: rotary embedding, cache update, causal attention). Past and
 * present are the same array, so a step writes one position a row and copies nothing. Rows may differ in length.
 */
import { at } from '../../invariant.js';
import { appendMany, type Graph, input, output, type Tensor } from '../graph/graph.js';
import { cast, expand, range, reshape } from '../graph/operators.js';
import { type Dimension, product } from '../graph/shape.js';
import type { Attention, AttentionSizes, Sequences } from '../models/languageModel.js';
import { rotaryTables } from '../models/rotary.js';

/** Names of a layer's cache in the graph: input `past` and output `present` are one array `[batch, keyValueHeads, capacity, size]`. */
export const cacheName = (time: 'past' | 'present', layer: number, part: 'keys' | 'values'): string =>
  `${time}.${layer}.${part}`;

/**
 * Adds inputs `last_positions` int32 `[batch]` (the position of each row's last token) and `total_length` int32 `[1]` (the longest
 * row's length), and inputs and outputs of each layer's cache.
 * @param time tokens a row. Above 1: whole prompts from position 0, padded on the right; `total_length` is `time`. 1: the token
 * that follows what the cache holds.
 */
export function cachedAttention(graph: Graph, sizes: AttentionSizes, batch: Dimension, time: Dimension): Sequences {
  const { heads, keyValueHeads, size } = sizes;
  const lastPositions = input(graph, 'last_positions', 'int32', [batch]);
  const totalLength = input(graph, 'total_length', 'int32', [1]);
  const tables = sizes.rotary && rotaryTables(graph, sizes.rotary);
  const cache = { type: 'float32', shape: [batch, keyValueHeads, 'capacity', size] } as const;

  const attend: Attention = (queries, keys, values, layer) => {
    const outputs = appendMany(
      graph,
      'GroupQueryAttention',
      [
        reshape(queries, [batch, time, heads * size]),
        reshape(keys, [batch, time, keyValueHeads * size]),
        reshape(values, [batch, time, keyValueHeads * size]),
        input(graph, cacheName('past', layer, 'keys'), cache.type, cache.shape),
        input(graph, cacheName('past', layer, 'values'), cache.type, cache.shape),
        lastPositions,
        totalLength,
        ...(tables ? [tables.cosine, tables.sine] : []),
      ],
      [{ type: 'float32', shape: [batch, time, heads * size] }, cache, cache],
      {
        num_heads: { kind: 'int', value: heads },
        kv_num_heads: { kind: 'int', value: keyValueHeads },
        do_rotary: { kind: 'int', value: Number(tables !== null) },
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
