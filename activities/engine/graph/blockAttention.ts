/**
 * Causal attention in blocks of queries (ONNX's Scan): memory grows linearly with length, where a matrix of all scores grows with its
 * square. The backward computes each block's weights again (Dao et al., 2022, "FlashAttention", algorithm 4, with blocks of
 * queries alone).
 */
import { at } from '../../invariant.js';
import {
  append,
  appendMany,
  appendWithGradient,
  constant,
  createGraph,
  type Graph,
  input,
  output,
  type Tensor,
} from './graph.js';
import {
  add,
  cast,
  dimensionSize,
  full,
  greaterOrEqual,
  less,
  matmul,
  minimum,
  multiply,
  range,
  reshape,
  softmax,
  subtract,
  sum,
  transpose,
} from './operators.js';
import { type Dimension, product } from './shape.js';

/** Queries of a block: products are large enough to keep all cores busy, and a block's scores small. */
export const queriesOfBlock = 128;

export interface BlockAttention {
  readonly batch: Dimension;
  readonly keyValueHeads: number;
  /** Queries that share a key. */
  readonly group: number;
  /** Positions of a sequence: a dimension that is bound to an input. */
  readonly time: string;
  /** Elements of a head. */
  readonly size: number;
  /** What scores are multiplied by. */
  readonly scale: number;
  /** How many positions a query sees, its own among them. Null: all before it. */
  readonly window: number | null;
}

/** What all blocks read: tensors of the graph that the Scan stands in. */
interface Shared {
  /** `[batch, keyValueHeads, group, time, size]`. */
  readonly queries: Tensor;
  /** `[batch, keyValueHeads, time, size]`. */
  readonly keys: Tensor;
  readonly values: Tensor;
  /** int64 `[1]`. */
  readonly length: Tensor;
  /** int64 `[1, time]`. */
  readonly positions: Tensor;
}

/** Added to a score that must not count: far below any score, and finite. */
const masked = -1e9;

/**
 * softmax(scale · queries · keysᵀ + mask) · values: `queries [batch, keyValueHeads, group × time, size]`, `keys` and
 * `values [batch, keyValueHeads, time, size]` → as the queries.
 */
export function attentionInBlocks(queries: Tensor, keys: Tensor, values: Tensor, sizes: BlockAttention): Tensor {
  const { graph } = queries;
  const shared = sharedBy(queries, keys, values, sizes);
  const blocks = scan(graph, [], sizes, (block, start) => {
    const weights = weightsOf(block, start, shared, sizes);
    return { states: [], results: [byGroup(matmul(weights, values), sizes)] };
  });
  const rows = inOneRow(at(blocks, 0), sizes);
  const result = appendWithGradient(
    graph,
    'Gather',
    [rows, range(graph, sizes.time)],
    { type: queries.type, shape: shared.queries.shape },
    { axis: { kind: 'int', value: timeAxis } },
    {
      sources: [queries, keys, values],
      rule: ({ outputs }, gradient) => {
        const found = gradientsInBlocks(shared, at(outputs, 0), gradient, sizes);
        return [reshape(found.queries, queries.shape), found.keys, found.values];
      },
    },
  );
  return reshape(result, queries.shape);
}

/** @param result and its `gradient`, `[batch, keyValueHeads, group, time, size]`. */
function gradientsInBlocks(shared: Shared, result: Tensor, gradient: Tensor, sizes: BlockAttention) {
  const { graph } = gradient;
  const { keys, values } = shared;
  const { scale } = sizes;
  const zeros = (): Tensor => full(graph, keys.type, keys.shape, 0);
  const found = scan(graph, [zeros(), zeros()], sizes, (block, start, sums) => {
    const weights = weightsOf(block, start, shared, sizes);
    // Rows behind the end are copies of the last one, and must add nothing.
    const isRow = reshape(cast(less(placesOf(block, start, sizes), shared.length), 'float32'), [rowsOf(sizes), 1]);
    const own = multiply(rowsAt(block, gradient, start, shared, sizes), isRow);
    const query = rowsAt(block, shared.queries, start, shared, sizes);
    const projection = sum(multiply(own, rowsAt(block, result, start, shared, sizes)), [-1], true);
    const change = multiply(subtract(matmul(own, values, { transposeB: true }), projection), weights);
    return {
      states: [
        add(matmul(change, query, { transposeA: true, alpha: scale }), at(sums, 0)),
        add(matmul(weights, own, { transposeA: true }), at(sums, 1)),
      ],
      results: [byGroup(matmul(change, keys, { alpha: scale }), sizes)],
    };
  });
  const rows = inOneRow(at(found, 2), sizes);
  const queries = append(graph, 'Gather', [rows, range(graph, sizes.time)], shared.queries, {
    axis: { kind: 'int', value: timeAxis },
  });
  return { queries, keys: at(found, 0), values: at(found, 1) };
}

/** Of `[batch, keyValueHeads, group, time, size]`. */
const timeAxis = 3;

/** Rows of a block's matrices: the queries of a block for each member of a group. */
function rowsOf({ group }: BlockAttention): number {
  return group * queriesOfBlock;
}

function sharedBy(queries: Tensor, keys: Tensor, values: Tensor, sizes: BlockAttention): Shared {
  const { batch, keyValueHeads, group, time, size } = sizes;
  const { graph } = queries;
  return {
    queries: reshape(queries, [batch, keyValueHeads, group, time, size]),
    keys,
    values,
    length: dimensionSize(graph, time),
    positions: reshape(range(graph, time), [1, time]),
  };
}

/** int64 `[rows]`: the position of the query in each row of a block, also behind the sequence's end. */
function placesOf(block: Graph, start: Tensor, sizes: BlockAttention): Tensor {
  const offsets = Array.from({ length: rowsOf(sizes) }, (_, row) => row % queriesOfBlock);
  return add(constant(block, 'int64', [offsets.length], offsets), start);
}

/** What lies at a block's positions in `x [batch, keyValueHeads, group, time, size]`: `[batch, keyValueHeads, rows, size]`. */
function rowsAt(block: Graph, x: Tensor, start: Tensor, { length }: Shared, sizes: BlockAttention): Tensor {
  const { batch, keyValueHeads, group, size } = sizes;
  const offsets = Array.from({ length: queriesOfBlock }, (_, row) => row);
  const places = add(constant(block, 'int64', [queriesOfBlock], offsets), start);
  // Behind the end stands the last position once more.
  const inside = minimum(places, subtractOne(block, length));
  const shape = [batch, keyValueHeads, group, queriesOfBlock, size];
  const rows = append(
    block,
    'Gather',
    [x, inside],
    { type: x.type, shape },
    { axis: { kind: 'int', value: timeAxis } },
  );
  return reshape(rows, [batch, keyValueHeads, rowsOf(sizes), size]);
}

/** `x − 1`, in the block. */
function subtractOne(block: Graph, x: Tensor): Tensor {
  return add(constant(block, 'int64', [1], [-1]), x);
}

/** softmax of a block's scores: `[batch, keyValueHeads, rows, time]`. */
function weightsOf(block: Graph, start: Tensor, shared: Shared, sizes: BlockAttention): Tensor {
  const { keys, positions } = shared;
  const scores = matmul(rowsAt(block, shared.queries, start, shared, sizes), keys, {
    transposeB: true,
    alpha: sizes.scale,
  });
  const places = reshape(placesOf(block, start, sizes), [rowsOf(sizes), 1]);
  const mask = (isHidden: Tensor): Tensor => multiply(cast(isHidden, 'float32'), masked);
  const ahead = mask(less(places, positions));
  const { window } = sizes;
  if (window === null) return softmax(add(scores, ahead));
  const before = mask(greaterOrEqual(add(places, constant(block, 'int64', [], [-window])), positions));
  return softmax(add(scores, add(ahead, before)));
}

/** A block's rows `[batch, keyValueHeads, rows, size]` as `[batch, keyValueHeads, group, queries, size]`. */
function byGroup(x: Tensor, { batch, keyValueHeads, group, size }: BlockAttention): Tensor {
  return reshape(x, [batch, keyValueHeads, group, queriesOfBlock, size]);
}

/** Blocks behind each other, the last one filled up: `[batch, keyValueHeads, group, blocks × queries, size]`. */
function inOneRow(stacked: Tensor, { batch, keyValueHeads, group, size }: BlockAttention): Tensor {
  const rows = product([blockCount, queriesOfBlock]);
  return reshape(transpose(stacked, [1, 2, 3, 0, 4, 5]), [batch, keyValueHeads, group, rows, size]);
}

/** The dimension: time / queries of a block, rounded up. */
export const blockCount = 'blocks';

/**
 * Runs `body` for each block, one after the other, with the position of its first query, int64 `[]`.
 * @param states what a block hands on to the next, at its beginning.
 * @returns the states at the end, and the results of all blocks, stacked.
 */
function scan(
  graph: Graph,
  states: readonly Tensor[],
  { time }: BlockAttention,
  body: (
    block: Graph,
    start: Tensor,
    states: readonly Tensor[],
  ) => { readonly states: readonly Tensor[]; readonly results: readonly Tensor[] },
): readonly Tensor[] {
  const [zero, step] = [constant(graph, 'int64', [], [0]), constant(graph, 'int64', [], [queriesOfBlock])];
  const starts = append(graph, 'Range', [zero, reshape(dimensionSize(graph, time), []), step], {
    type: 'int64',
    shape: [blockCount],
  });
  // Names go on from those of the outer graph: ONNX looks up there what a body reads and does not make itself.
  const block = { ...createGraph({ differentiable: false }), counter: graph.counter };
  const next = (type: Tensor['type'], shape: Tensor['shape']) => input(block, `block_${block.counter++}`, type, shape);
  const own = states.map(({ type, shape }) => next(type, shape));
  const made = body(block, next('int64', []), own);
  for (const tensor of [...made.states, ...made.results]) output(tensor, tensor.name);
  graph.counter = block.counter;
  return appendMany(
    graph,
    'Scan',
    [...states, starts],
    [...states, ...made.results.map(({ type, shape }) => ({ type, shape: [blockCount, ...shape] }))],
    { body: { kind: 'graph', value: block }, num_scan_inputs: { kind: 'int', value: 1 } },
  );
}
