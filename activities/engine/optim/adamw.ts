/** AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2019, "Decoupled Weight Decay Regularization", algorithm 2). */
import { z } from 'zod';
import { required } from '../../invariant.js';
import { type Graph, input, type Tensor } from '../graph/graph.js';
import { add, divide, multiply, sqrt, subtract } from '../graph/operators.js';
import { defineOptimiser, type Optimiser, type UpdateRule, type Weight } from './optimiser.js';

/** A decay, and other shares of a whole. */
export const share = z.number().min(0).max(1);

/** The spec's fields, and their defaults: PyTorch's, but for the weight decay. */
export const adamWFields = {
  beta1: share
    .default(0.9)
    .describe('Decay of AdamW’s mean of gradients. 0.9 is PyTorch’s default, which the paper’s code takes.'),
  beta2: share
    .default(0.999)
    .describe('Decay of AdamW’s mean of squared gradients. 0.999 is PyTorch’s default, which the paper’s code takes.'),
  epsilon: z
    .number()
    .positive()
    .max(1)
    .default(1e-8)
    .describe(
      'Added to the root of the mean of squared gradients. 1e-8 is PyTorch’s default, which the paper’s code takes.',
    ),
  weightDecay: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe('Each step takes learning rate × weightDecay × weight off a weight (paper’s code: 0).'),
};

export type AdamWOptions = z.output<z.ZodObject<typeof adamWFields>>;

/** `m` is the mean of gradients, `v` that of their squares. */
const matrices: UpdateRule = { name: 'matrices', state: ['m', 'v'], elementwise: true };
/** Gains and biases, which are not decayed. */
const vectors: UpdateRule = { ...matrices, name: 'vectors' };

export const adamw = defineOptimiser(
  z.literal('adamw').default('adamw').describe('The optimiser. `adamw` is the paper’s.'),
  adamWFields,
  createAdamW,
);

/** For optimisers, too, that leave some of the parameters to AdamW. */
export function createAdamW(options: AdamWOptions): Omit<Optimiser, 'key'> {
  return {
    ruleOf: (_, shape) => (shape.length > 1 ? matrices : vectors),
    scalars: (learningRate, step) => adamWScalars(options, learningRate, step),
    formula: (graph, clip) => {
      const scalars = updateScalars(graph, clip, options);
      return (rule, weight, gradient) =>
        update(weight, gradient, scalars, options, rule === matrices && options.weightDecay > 0);
    },
  };
}

/** Both bias corrections are folded into two scalars. */
function adamWScalars({ beta1, beta2, epsilon }: AdamWOptions, learningRate: number, step: number) {
  const correction1 = 1 - beta1 ** step;
  const correction2 = Math.sqrt(1 - beta2 ** step);
  return {
    learning_rate: learningRate,
    step_size: (learningRate * correction2) / correction1,
    epsilon: epsilon * correction2,
  };
}

/** Scalars that all parameters of one update share, computed once in the graph. */
interface UpdateScalars {
  /** (1 − β₁) and √(1 − β₂), each times the clip factor. */
  readonly firstShare: Tensor;
  readonly secondShare: Tensor;
  /** 1 − learning rate × weight decay. */
  readonly kept: Tensor;
  /** Learning rate × √(1 − β₂ᵗ) / (1 − β₁ᵗ). */
  readonly stepSize: Tensor;
  /** ε × √(1 − β₂ᵗ). */
  readonly epsilon: Tensor;
}

function updateScalars(graph: Graph, clip: Tensor, { beta1, beta2, weightDecay }: AdamWOptions): UpdateScalars {
  const scalar = (name: keyof ReturnType<typeof adamWScalars>): Tensor => input(graph, name, 'float32', []);
  return {
    firstShare: multiply(clip, 1 - beta1),
    secondShare: multiply(clip, Math.sqrt(1 - beta2)),
    kept: subtract(1, multiply(scalar('learning_rate'), weightDecay)),
    stepSize: scalar('step_size'),
    epsilon: scalar('epsilon'),
  };
}

/** With c the clip factor: m ← β₁m + (1−β₁)cg, v ← β₂v + (1−β₂)(cg)², p ← (1 − lr·λ)p − stepSize · m / (√v + ε'). */
function update(
  { parameter, state }: Weight,
  gradient: Tensor,
  scalars: UpdateScalars,
  { beta1, beta2 }: AdamWOptions,
  decays: boolean,
): Weight {
  const m = add(multiply(required(state.m, 'state m'), beta1), multiply(gradient, scalars.firstShare));
  const share = multiply(gradient, scalars.secondShare);
  const v = add(multiply(required(state.v, 'state v'), beta2), multiply(share, share));
  const change = multiply(divide(m, add(sqrt(v), scalars.epsilon)), scalars.stepSize);
  return { parameter: subtract(decays ? multiply(parameter, scalars.kept) : parameter, change), state: { m, v } };
}
