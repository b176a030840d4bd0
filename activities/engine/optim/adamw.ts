/**
 * AdamW (Loshchilov and Hutter, 2019) with global-norm clipping, appended to a graph behind its gradients.
 *
 * Scalars that change between steps are graph inputs, so one session serves a whole run.
 */
import { chunkCount, inChunks } from '../graph/chunks.js';
import { sumInGraphOrder } from '../graph/gradients.js';
import { type Graph, input, type Tensor } from '../graph/graph.js';
import { add, divide, minimum, multiply, reshape, sqrt, subtract, sum, sumOfSquares } from '../graph/operators.js';
import { elementCount } from '../graph/shape.js';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly maxGradNorm: number;
}

/** Rank-0 inputs of the update, to be fed at every step from `adamWScalars`. */
export interface AdamWInputs {
  readonly learningRate: Tensor;
  /** learning rate × √(1 − β₂ᵗ) / (1 − β₁ᵗ). */
  readonly stepSize: Tensor;
  /** ε × √(1 − β₂ᵗ). */
  readonly epsilon: Tensor;
}

export function adamWInputs(graph: Graph): AdamWInputs {
  return {
    learningRate: input(graph, 'learning_rate', 'float32', []),
    stepSize: input(graph, 'step_size', 'float32', []),
    epsilon: input(graph, 'epsilon', 'float32', []),
  };
}

/** Values of `AdamWInputs` at update `step` (the first is 1): both bias corrections folded into two scalars. */
export function adamWScalars(options: AdamWOptions, learningRate: number, step: number): Record<string, number> {
  const correction1 = 1 - options.beta1 ** step;
  const correction2 = Math.sqrt(1 - options.beta2 ** step);
  return {
    learning_rate: learningRate,
    step_size: (learningRate * correction2) / correction1,
    epsilon: options.epsilon * correction2,
  };
}

/** √Σ‖g‖² over all gradients: rank 0. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(sumInGraphOrder(gradients, squares));
}

/** Σx²: rank 0. In one go, onnxruntime's float32 sum over millions of numbers may be wrong in its third digit. */
function squares(x: Tensor): Tensor {
  const chunks = chunkCount(x);
  return chunks === 1 ? sumOfSquares(x) : sum(sumOfSquares(reshape(x, [chunks, elementCount(x.shape) / chunks]), [1]));
}

/** Scalars that all parameters of one update share, computed once in the graph. */
export interface UpdateScalars {
  /** (1 − β₁) and √(1 − β₂), each times min(1, maxGradNorm / (norm + 10⁻⁶)), the factor by which PyTorch clips gradients. */
  readonly firstShare: Tensor;
  readonly secondShare: Tensor;
  /** 1 − learning rate × weight decay. */
  readonly kept: Tensor;
  readonly stepSize: Tensor;
  readonly epsilon: Tensor;
}

/** @param norm the gradients' global norm, rank 0. */
export function updateScalars(norm: Tensor, inputs: AdamWInputs, options: AdamWOptions): UpdateScalars {
  const clip = minimum(divide(options.maxGradNorm, add(norm, 1e-6)), 1);
  return {
    firstShare: multiply(clip, 1 - options.beta1),
    secondShare: multiply(clip, Math.sqrt(1 - options.beta2)),
    kept: subtract(1, multiply(inputs.learningRate, options.weightDecay)),
    stepSize: inputs.stepSize,
    epsilon: inputs.epsilon,
  };
}

/** A parameter with its first and second moment. */
export type AdamWState = Readonly<Record<'parameter' | 'first' | 'second', Tensor>>;

/**
 * One update: m ← β₁m + (1−β₁)cg, v ← β₂v + (1−β₂)(cg)², p ← (1 − lr·λ)p − stepSize · m / (√v + ε'), c being the clip factor.
 * Gains and biases (rank 1) are not decayed.
 *
 * @returns tensors of the parameter's shape or, of large ones, of shape `[chunks, size / chunks]`: the numbers in the same order.
 */
export function adamW(state: AdamWState, gradient: Tensor, scalars: UpdateScalars, options: AdamWOptions): AdamWState {
  const decays = options.weightDecay > 0 && state.parameter.shape.length > 1;
  const chunks = chunkCount(state.parameter);
  if (chunks === 1) return formula(state, gradient, scalars, options, decays);
  const { parameter, first, second } = state;
  return inChunks({ parameter, first, second, gradient }, chunks, ({ gradient: chunk, ...states }) =>
    formula(states, chunk, scalars, options, decays),
  );
}

function formula(
  state: AdamWState,
  gradient: Tensor,
  scalars: UpdateScalars,
  { beta1, beta2 }: AdamWOptions,
  decays: boolean,
): AdamWState {
  const first = add(multiply(state.first, beta1), multiply(gradient, scalars.firstShare));
  const share = multiply(gradient, scalars.secondShare);
  const second = add(multiply(state.second, beta2), multiply(share, share));
  const change = multiply(divide(first, add(sqrt(second), scalars.epsilon)), scalars.stepSize);
  const parameter = subtract(decays ? multiply(state.parameter, scalars.kept) : state.parameter, change);
  return { parameter, first, second };
}
