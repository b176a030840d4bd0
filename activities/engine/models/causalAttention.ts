/**
 * Attention over whole sequences, for training and for scoring given answers: every position sees itself and those before it, or
 * the last of them where a layer has a window.
 *
 * Sequences are padded on the right, so the causal mask alone keeps padding out of every real position.
 */

import { at } from '../../invariant.js';
import { attentionInBlocks } from '../graph/blockAttention.js';
import { causalMask } from '../graph/causalMask.js';
import { softmaxMatmul } from '../graph/customGradients.js';
import { fusedAttention } from '../graph/fusedOperators.js';
import type { Graph, Tensor } from '../graph/graph.js';
import { add, expand, matmul, range, reshape, transpose } from '../graph/operators.js';
import { rotaryEmbedding } from '../graph/rotaryEmbedding.js';
import { type Dimension, product } from '../graph/shape.js';
import { type AttentionSizes, onceEach, type Sequences, scoreScale } from './languageModel.js';
import { rotaryTables } from './rotary.js';

/**
 * The queries that share a key are put one after the other along time (`[batch, keyValueHeads, group × time, size]`), so keys and
 * values need not be repeated.
 * @param inBlocks whether memory is to grow linearly with `time`, a dynamic dimension then (`graph/blockAttention.ts`).
 */
export function causalAttention(
  graph: Graph,
  sizes: AttentionSizes,
  batch: Dimension,
  time: Dimension,
  { inBlocks = false } = {},
): Sequences {
  const { heads, keyValueHeads, size } = sizes;
  const group = heads / keyValueHeads;
  const tablesOf = onceEach(
    sizes.layers.map(({ rotary }) => rotary),
    (rotary) => rotary && rotaryTables(graph, rotary),
  );
  const { fusedOperators } = graph.preferences;
  const maskOf = onceEach(
    sizes.layers.map(({ window }) => window),
    (window) => (fusedOperators ? null : causalMask(graph, time, window)),
  );

  const rotated = (x: Tensor, count: number, layer: number): Tensor => {
    const bySequence = reshape(x, [batch, time, count * size]);
    const tables = at(tablesOf, layer);
    return tables ? rotaryEmbedding(bySequence, tables.cosine, tables.sine, count) : bySequence;
  };
  const byHead = (x: Tensor): Tensor => transpose(reshape(x, [batch, time, keyValueHeads, size]), [0, 2, 1, 3]);
  const groupTime = product([group, time]);

  return {
    attend: (queries, keys, values, layer) => {
      const q = reshape(
        transpose(reshape(rotated(queries, heads, layer), [batch, time, keyValueHeads, group, size]), [0, 2, 3, 1, 4]),
        [batch, keyValueHeads, groupTime, size],
      );
      const k = byHead(rotated(keys, keyValueHeads, layer));
      const v = byHead(values);
      const asRows = (context: Tensor): Tensor =>
        reshape(transpose(reshape(context, [batch, keyValueHeads, group, time, size]), [0, 3, 1, 2, 4]), [
          product([batch, time]),
          heads * size,
        ]);
      if (inBlocks) {
        const { window } = at(sizes.layers, layer);
        const scale = scoreScale(sizes);
        const shape = { batch, keyValueHeads, group, time: String(time), size, scale, window };
        return asRows(attentionInBlocks(q, k, v, shape));
      }
      const scores = matmul(q, k, { transposeB: true, alpha: scoreScale(sizes) });
      const mask = at(maskOf, layer);
      if (mask === null) return asRows(fusedAttention(scores, v, { group, window: at(sizes.layers, layer).window }));
      const grouped = reshape(scores, [batch, keyValueHeads, group, time, time]);
      const masking = reshape(add(grouped, mask), [batch, keyValueHeads, groupTime, time]);
      return asRows(softmaxMatmul(masking, v));
    },
    positions: () => reshape(expand(range(graph, time), [batch, time]), [product([batch, time])]),
  };
}
