/**
 * Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon): the momentum of a hidden layer's matrix is made nearly
 * orthogonal before it is taken off the matrix. Embeddings, heads, gains and biases are left to AdamW.
 *
 * Updates are scaled as by Liu et al. (2025, "Muon is Scalable for LLM Training", arXiv 2502.16982), to the size of AdamW's: one
 * learning rate and one weight decay serve both.
 */
import { z } from 'zod';
import { at, required } from '../../invariant.js';
import { type Attribute, append, input, type Tensor } from '../graph/graph.js';
import { add, divide, matmul, multiply, sqrt, subtract, sumOfSquares, transpose } from '../graph/operators.js';
import { adamWFields, createAdamW, share } from './adamw.js';
import { defineOptimiser, type UpdateRule, type Weight } from './optimiser.js';

/** `momentum` is the sum of gradients, each step decayed. */
const hidden: UpdateRule = { name: 'hidden', state: ['momentum'], elementwise: false };

/** Both ends of a model: what its tokens and positions become, and what is read from its last states. */
const ends = /(^|\.)(embed_\w+|wte|wpe|\w*head|score)\.weight$/;

export const muon = defineOptimiser(
  z.literal('muon').describe('Muon for the matrices of hidden layers, AdamW for everything else.'),
  {
    momentum: share.default(0.95).describe('Decay of Muon’s sum of gradients (Jordan et al.: 0.95).'),
    ...adamWFields,
  },
  ({ momentum, ...options }) => {
    const others = createAdamW(options);
    return {
      ruleOf: (name, shape) => (shape.length === 2 && !ends.test(name) ? hidden : others.ruleOf(name, shape)),
      scalars: (learningRate, step) => ({ ...others.scalars(learningRate, step), hidden_rate: learningRate }),
      formula: (graph, clip) => {
        const otherFormula = others.formula(graph, clip);
        const rate = input(graph, 'hidden_rate', 'float32', []);
        const kept = subtract(1, multiply(rate, options.weightDecay));
        return (rule, weight, gradient) =>
          rule === hidden
            ? update(weight, multiply(gradient, clip), { rate, kept, momentum })
            : otherFormula(rule, weight, gradient);
      },
    };
  },
);

/** With g clipped: b ← μb + g, p ← (1 − lr·λ)p − 0.2 √max(rows, columns) · lr · orthogonal(g + μb), the look-ahead being Nesterov's. */
function update(
  { parameter, state }: Weight,
  gradient: Tensor,
  { rate, kept, momentum }: { readonly rate: Tensor; readonly kept: Tensor; readonly momentum: number },
): Weight {
  const sum = add(multiply(required(state.momentum, 'state momentum'), momentum), gradient);
  const direction = orthogonalised(add(gradient, multiply(sum, momentum)));
  const scale = 0.2 * Math.sqrt(Math.max(...parameter.shape.map(Number)));
  return {
    parameter: subtract(multiply(parameter, kept), multiply(direction, multiply(rate, scale))),
    state: { momentum: sum },
  };
}

/**
 * UVᵀ of a matrix USVᵀ, nearly: five steps X ← 3.4445 X − 4.7750 (XXᵀ)X + 2.0315 (XXᵀ)²X of Newton and Schulz's iteration bring
 * singular values between 0.7 and 1.2. XXᵀ is the smaller of both products.
 */
function orthogonalised(matrix: Tensor): Tensor {
  const isTall = Number(at(matrix.shape, 0)) > Number(at(matrix.shape, 1));
  let x = divide(isTall ? transpose(matrix, [1, 0]) : matrix, add(sqrt(sumOfSquares(matrix)), 1e-7));
  for (let step = 0; step < 5; step++) {
    const square = matmul(x, x, { transposeB: true });
    const odd = productAndSum([2.0315, square, square], [-4.775, square]);
    x = productAndSum([1, odd, x], [3.4445, x]);
  }
  return isTall ? transpose(x, [1, 0]) : x;
}

/** α · AB + β · C in one operator. */
function productAndSum([alpha, a, b]: [number, Tensor, Tensor], [beta, c]: [number, Tensor]): Tensor {
  const float = (value: number): Attribute => ({ kind: 'float', value });
  const output = { type: c.type, shape: c.shape };
  return append(c.graph, 'Gemm', [a, b, c], output, { alpha: float(alpha), beta: float(beta) });
}
