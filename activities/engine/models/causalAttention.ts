/**
 * Attention over whole sequences, for training and for scoring given answers: every position sees itself and those before it, or
 * the last of them where a layer has a window.
 *
 * Sequences are padded on the right, so the causal mask alone keeps padding out of every real position.
 */

import { at } from '../../invariant.js';
import { softmaxMatmul } from '../graph/customGradients.js';
import { append, constant, type Graph, type Tensor } from '../graph/graph.js';
import { add, expand, full, matmul, range, reshape, rotaryEmbedding, transpose } from '../graph/operators.js';
import { type Dimension, product } from '../graph/shape.js';
import { type AttentionSizes, onceEach, type Sequences, scoreScale } from './languageModel.js';
import { rotaryTables } from './rotary.js';

/** Added to a score that must not count: far below any score, and finite in float32. */
const masked = -1e9;

/**
 * The queries that share a key are put one after the other along time (`[batch, keyValueHeads, group × time, size]`), so keys and
 * values need not be repeated.
 */
export function causalAttention(graph: Graph, sizes: AttentionSizes, batch: Dimension, time: Dimension): Sequences {
  const { heads, keyValueHeads, size } = sizes;
  const group = heads / keyValueHeads;
  const tablesOf = onceEach(
    sizes.layers.map(({ rotary }) => rotary),
    (rotary) => rotary && rotaryTables(graph, rotary),
  );
  const maskOf = onceEach(
    sizes.layers.map(({ window }) => window),
    (window) => causalMask(graph, time, window),
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
      const scores = matmul(q, k, { transposeB: true, alpha: scoreScale(sizes) });
      const grouped = reshape(scores, [batch, keyValueHeads, group, time, time]);
      const masking = reshape(add(grouped, at(maskOf, layer)), [batch, keyValueHeads, groupTime, time]);
      const context = reshape(softmaxMatmul(masking, v), [batch, keyValueHeads, group, time, size]);
      return reshape(transpose(context, [0, 3, 1, 2, 4]), [product([batch, time]), heads * size]);
    },
    positions: () => reshape(expand(range(graph, time), [batch, time]), [product([batch, time])]),
  };
}

/**
 * `[time, time]`: `masked` above the diagonal, where a key lies after its query, and where it lies `window` positions or more before
 * it; 0 elsewhere.
 */
function causalMask(graph: Graph, time: Dimension, window: number | null): Tensor {
  const type = 'float32';
  const all = full(graph, type, [time, time], masked);
  const triangle = (diagonal: number, upper: 0 | 1): Tensor => {
    const operands = [all, constant(graph, 'int64', [], [diagonal])];
    return append(graph, 'Trilu', operands, { type, shape: all.shape }, { upper: { kind: 'int', value: upper } });
  };
  const ahead = triangle(1, 1);
  return window === null ? ahead : add(ahead, triangle(-window, 0));
}
