/**
 * Lets an attention over padded `[batch, time]` sequences work on tokens that lie end to end: queries, keys and values are laid
 * out for it, and its results are taken back. The matrix products around it never touch padding.
 */

import { gatherDistinctRows } from '../graph/customGradients.js';
import { type Attribute, appendWithGradient, type Tensor } from '../graph/graph.js';
import { cast, greaterOrEqual, multiply, reshape } from '../graph/operators.js';
import { product } from '../graph/shape.js';
import type { Sequences } from '../models/languageModel.js';

/**
 * @param padded sequences of `[batch × time, width]`, causal, so that padding behind a sequence cannot reach into it.
 * @param grid int64 `[batch, time]`, the token at each place or −1.
 * @param slots int64 `[tokens]`, the place of each token.
 */
export function raggedAttention(padded: Sequences, grid: Tensor, slots: Tensor): Sequences {
  const places = reshape(grid, [product(grid.shape)]);
  const isToken = reshape(cast(greaterOrEqual(places, 0), 'float32'), [product(grid.shape), 1]);
  const first: Readonly<Record<string, Attribute>> = { axis: { kind: 'int', value: 0 } };
  const shaped = (x: Tensor, rows: Tensor) => ({ type: x.type, shape: [...rows.shape, ...x.shape.slice(1)] });

  // Padding gets a copy of the last token. No result at padding is read, so no gradient comes from there either.
  const layOut = (x: Tensor): Tensor =>
    appendWithGradient(x.graph, 'Gather', [x, places], shaped(x, places), first, {
      rule: (_, g) => [gatherDistinctRows(g, slots), null],
    });
  const takeBack = (x: Tensor): Tensor =>
    appendWithGradient(x.graph, 'Gather', [x, slots], shaped(x, slots), first, {
      rule: (_, g) => [multiply(layOut(g), isToken), null],
    });
  return {
    attend: (queries, keys, values, layer) =>
      takeBack(padded.attend(layOut(queries), layOut(keys), layOut(values), layer)),
    positions: () => gatherDistinctRows(padded.positions(), slots),
  };
}
