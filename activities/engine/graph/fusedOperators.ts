/**
 * Formulas as single operators of our own, domain `reft`, whose kernels are `../ort/kernels/fused.cu`: RMSNorm, SwiGLU, causal softmax and
 * cross-entropy, each with its gradient. A GPU's time goes into carrying numbers to and from its memory, which a chain of operators does
 * at each of its links. Graphs have them where the device likes it (`preferences.ts`); `lowerFused.ts` writes them in ONNX's operators.
 *
 * They are for half precision: `precision.ts` gives each operand the type that `fusedOperands` names.
 */
import { after } from './after.js';
import {
  type Attribute,
  appendMany,
  dimensionAt,
  type ElementType,
  giveGradient,
  type Node,
  recompute,
  type Tensor,
} from './graph.js';
import { matmul } from './operators.js';

/** `half` is the graph's half type. */
type OperandType = 'half' | Extract<ElementType, 'float32' | 'int64'>;

/** Operands of each operator, and their gradients' `Back`, in order. */
export const fusedOperands = {
  ReftNorm: { inputs: ['float32', 'float32'], outputs: ['half', 'float32'] },
  ReftNormBack: { inputs: ['half', 'float32', 'float32', 'float32'], outputs: ['float32', 'float32', 'float32'] },
  ReftSwiGlu: { inputs: ['half', 'half'], outputs: ['half'] },
  ReftSwiGluBack: { inputs: ['half', 'half', 'half'], outputs: ['half', 'half'] },
  ReftCausalSoftmax: { inputs: ['half'], outputs: ['half'] },
  ReftCausalSoftmaxBack: { inputs: ['half', 'half'], outputs: ['half'] },
  ReftCrossEntropy: { inputs: ['half', 'int64'], outputs: ['float32', 'float32'] },
  ReftCrossEntropyBack: { inputs: ['float32', 'half', 'int64', 'float32'], outputs: ['half'] },
} as const satisfies Readonly<
  Record<string, { readonly inputs: readonly OperandType[]; readonly outputs: readonly OperandType[] }>
>;

export type FusedName = keyof typeof fusedOperands;
export const fusedNames = Object.keys(fusedOperands) as readonly FusedName[];

/** The operator's name where a node is one of them. */
export function fusedName({ operator, domain }: Node): FusedName | null {
  return domain.startsWith('reft') ? (operator as FusedName) : null;
}

/** Rows of the parts that the gradient of a norm's gain is added up from. */
export const gainParts = 64;

/** What a row of scores sees: `group` queries of one key after the other, of each the places of a sequence in order. */
export interface CausalRows {
  readonly group: number;
  /** How many places before a query's own, that one counted, it sees. Null: all. */
  readonly window: number | null;
}

type Result = Pick<Tensor, 'type' | 'shape'>;
const like = ({ type, shape }: Tensor): Result => ({ type, shape });

function fused<const Results extends readonly Result[]>(
  name: FusedName,
  inputs: readonly [Tensor, ...Tensor[]],
  outputs: Results,
  attributes: Readonly<Record<string, Attribute>> = {},
): { readonly [Index in keyof Results]: Tensor } {
  const tensors: unknown = appendMany(inputs[0].graph, name, inputs, outputs, attributes, 'reft');
  return tensors as { readonly [Index in keyof Results]: Tensor };
}

/** x / rms(x) · gain for `x [rows, width]`, as `rmsNorm`. The backward computes the result again. */
export function fusedNorm(x: Tensor, gain: Tensor, epsilon: number): Tensor {
  const { graph } = x;
  const normed = (from: Tensor) =>
    fused('ReftNorm', [from, gain], [like(x), { type: x.type, shape: [dimensionAt(x, 0)] }], {
      epsilon: { kind: 'float', value: epsilon },
    });
  const [y, scales] = normed(x);
  giveGradient(graph, {
    sources: [x, gain],
    rule: (_, g) => {
      const parts = { type: x.type, shape: [gainParts, dimensionAt(x, 1)] };
      const [ofX, ofGain] = fused('ReftNormBack', [g, x, gain, scales], [like(x), like(gain), parts]);
      return [ofX, ofGain];
    },
  });
  return recompute(y, (gradient) => normed(after(x, gradient))[0]);
}

/** silu(gate) · up, as `swiglu`. The backward computes the result again. */
export function fusedSwiGlu(gate: Tensor, up: Tensor): Tensor {
  const gated = (from: Tensor): Tensor => fused('ReftSwiGlu', [from, up], [like(gate)])[0];
  const y = gated(gate);
  giveGradient(gate.graph, {
    sources: [gate, up],
    rule: (_, g) => fused('ReftSwiGluBack', [g, gate, up], [like(gate), like(up)]),
  });
  return recompute(y, (gradient) => gated(after(gate, gradient)));
}

/**
 * softmax(scores) · values over the keys up to each query's own place: `scores [batch, keyValueHeads, group × time, time]`,
 * `values [batch, keyValueHeads, time, size]`.
 */
export function fusedAttention(scores: Tensor, values: Tensor, { group, window }: CausalRows): Tensor {
  const [weights] = fused('ReftCausalSoftmax', [scores], [like(scores)], {
    group: { kind: 'int', value: group },
    window: { kind: 'int', value: window ?? 0 },
  });
  const result = matmul(weights, values);
  giveGradient(scores.graph, {
    sources: [scores, values],
    rule: (_, g) => {
      const ofWeights = matmul(g, values, { transposeB: true });
      const [ofScores] = fused('ReftCausalSoftmaxBack', [ofWeights, weights], [like(scores)]);
      return [ofScores, matmul(weights, g, { transposeA: true })];
    },
  });
  return result;
}

/** log softmax of `logits [n, vocabulary]` at int64 `labels [n]`: `[n]`. */
export function fusedCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const row = { type: logits.type, shape: [dimensionAt(logits, 0)] };
  const [chosen, sums] = fused('ReftCrossEntropy', [logits, labels], [row, row]);
  giveGradient(logits.graph, {
    sources: [logits],
    rule: (_, g) => fused('ReftCrossEntropyBack', [g, logits, labels, sums], [like(logits)]),
  });
  return chosen;
}
