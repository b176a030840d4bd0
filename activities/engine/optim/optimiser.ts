/**
 * What an optimiser is to the engine. Each is one module that holds everything about it, and a row in `index.ts`.
 *
 * To add one: write its module with `defineOptimiser`, as `adamw.ts` does, and add it to the registry. The spec, training, memory
 * planning and checkpoints take its options and its state tensors from there: none of them knows an optimiser by name.
 */
import { z } from 'zod';
import { required } from '../../invariant.js';
import { chunkCount, inChunks } from '../graph/chunks.js';
import type { Graph, Tensor } from '../graph/graph.js';
import { where } from '../graph/operators.js';
import { scheduleFields } from './schedule.js';

/** How some of the parameters are updated. Plain data: it goes to worker threads. */
export interface UpdateRule {
  /** Parameters whose rules have the same name are updated alike. */
  readonly name: string;
  /**
   * Names of a parameter's state tensors. Each has the parameter's shape and starts at zero. A state `m` is called `m.<parameter>`
   * in graphs and in checkpoints. None may be called `parameter` or `gradient`.
   */
  readonly state: readonly string[];
  /** Whether each number is updated by itself. Such parameters may be given as one long tensor, or in chunks. */
  readonly elementwise: boolean;
}

/** A parameter with its state tensors, by the names that its rule gives them. */
export interface Weight {
  readonly parameter: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
}

/**
 * Appends one update of a parameter to a graph.
 *
 * Under an elementwise rule the operands may be chunks of the tensors. What the formula reads besides them are scalars of the graph,
 * and never the first operand of an operator (`graph/chunks.ts` says why).
 * @param gradient before clipping.
 */
export type UpdateFormula = (rule: UpdateRule, weight: Weight, gradient: Tensor) => Weight;

/** An optimiser with its options. */
export interface Optimiser {
  /** Optimisers with equal keys append equal graphs. */
  readonly key: string;
  readonly ruleOf: (name: string, shape: readonly number[]) => UpdateRule;
  /** Values of the rank-0 inputs that `formula` declares, by name, at update `step` (the first is 1). */
  readonly scalars: (learningRate: number, step: number) => Readonly<Record<string, number>>;
  /**
   * Declares the inputs that change from step to step, and appends what all parameters share.
   * @param clip rank 0: every gradient is to be multiplied by it.
   */
  readonly formula: (graph: Graph, clip: Tensor) => UpdateFormula;
}

/** Fields that the `optimiser` sections of the spec have in common. */
export const sharedFields = {
  ...scheduleFields,
  maxGradNorm: z
    .number()
    .positive()
    .max(1e9)
    .default(1)
    .describe('Gradients whose norm over all weights is larger are scaled down to it (paper’s code: 1).'),
};

/**
 * @param name its literal; with a default, sections may leave it out.
 * @param options the fields of the spec's `optimiser` sections that are this optimiser's own.
 */
export function defineOptimiser<Name extends z.ZodType<string>, Options extends Readonly<Record<string, z.ZodType>>>(
  name: Name,
  options: Options,
  optimiser: (options: z.output<z.ZodObject<Options>>) => Omit<Optimiser, 'key'>,
) {
  const own = z.object(options);
  return {
    /** The schema of the spec's `optimiser` sections. */
    section: z.strictObject({ name, ...sharedFields, ...options }),
    /** @param settings a section, or what is left of it without its schedule. */
    create: (settings: { readonly name: string }): Optimiser => {
      const chosen = own.parse(settings);
      return { key: JSON.stringify([settings.name, chosen]), ...optimiser(chosen) };
    },
  };
}

/**
 * Appends one update of a parameter, of a large one chunk by chunk.
 * @param isTaken rank 0, bool: where it is given and false, the weight stays as it is.
 * @returns tensors of the parameter's shape or, of large ones, of shape `[chunks, size / chunks]`: the numbers in the same order.
 */
export function appendUpdate(
  formula: UpdateFormula,
  rule: UpdateRule,
  weight: Weight,
  gradient: Tensor,
  isTaken?: Tensor,
): Weight {
  const update: UpdateFormula = (...operands) => {
    const updated = formula(...operands);
    return isTaken ? chosen(isTaken, updated, operands[1]) : updated;
  };
  const chunks = rule.elementwise ? chunkCount(weight.parameter) : 1;
  if (chunks === 1) return update(rule, weight, gradient);
  const operands: Readonly<Record<string, Tensor>> = { parameter: weight.parameter, ...weight.state, gradient };
  return weightOf(
    inChunks(operands, chunks, (chunk) => {
      const { gradient: own, ...tensors } = chunk;
      const updated = update(rule, weightOf(tensors), required(own, 'a chunk of the gradient'));
      return { parameter: updated.parameter, ...updated.state };
    }),
  );
}

/** The weight `updated` where `condition` holds, else as it was before. */
function chosen(condition: Tensor, updated: Weight, before: Weight): Weight {
  const state = Object.entries(updated.state).map(([name, tensor]) => [
    name,
    where(condition, tensor, required(before.state[name], `state ${name}`)),
  ]);
  return { parameter: where(condition, updated.parameter, before.parameter), state: Object.fromEntries(state) };
}

function weightOf({ parameter, ...state }: Readonly<Record<string, Tensor>>): Weight {
  return { parameter: required(parameter, 'the parameter'), state };
}
