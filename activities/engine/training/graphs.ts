/**
 * The graphs that training runs: trunk, heads and losses put together, with gradients and an optimiser behind them. Each is built once per model configuration and serves every batch size and length.
 */

import { at, required } from '../../invariant.js';
import { segmentMeans } from '../graph/customGradients.js';
import { gradients, sumInGraphOrder } from '../graph/gradients.js';
import { createGraph, type Graph, input, output, type Tensor } from '../graph/graph.js';
import { add, cast, divide, greaterOrEqual, less, multiply, reshape, slice, sum } from '../graph/operators.js';
import { elementCount } from '../graph/shape.js';
import type { LoraConfig } from '../lora/adapters.js';
import { adapterShapes, adaptersOf, loraScale } from '../lora/adapters.js';
import { adaptGraph } from '../lora/adaptGraph.js';
import { crossEntropy, tokenLogProbs } from '../losses/tokenLogProbs.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import type { ParameterShapes } from '../models/languageModel.js';
import { clipFactor, globalNorm } from '../optim/clipping.js';
import { createOptimiser, type OptimiserSettings } from '../optim/index.js';
import { appendUpdate, type Optimiser, type UpdateRule } from '../optim/optimiser.js';
import type { BoundAlgorithm } from '../rl/algorithm.js';
import {
  declareModel,
  extraWeight,
  type ForwardSettings,
  type Model,
  rewardHeadShapes,
  valueHeadShapes,
  valuesOf,
} from './declareModel.js';

/** A graph with what a caller has to know to run it. */
export interface ModelGraph {
  readonly graph: Graph;
  /** Weights it reads, in a fixed order. */
  readonly parameters: ParameterShapes;
  /** Names of its rank-0 outputs. */
  readonly metrics: readonly string[];
  /** Those of them of which a batch has the largest of its micro-batches'; all others add up. */
  readonly peaks: readonly string[];
}

/** `parameters` are those in training. */
export interface TrainingGraph extends ModelGraph {
  /** Weights it only reads. */
  readonly frozen: ParameterShapes;
}

/** A graph that updates its parameters: outputs `updated.<name>` of each, and of the optimiser's state. */
export interface UpdateGraph extends TrainingGraph {
  /** The state tensors it reads, in a fixed order. */
  readonly state: ParameterShapes;
  /** The place of the first node of the optimiser, which computes in float32 whatever the model does. */
  readonly updateFrom: number;
}

/** A tensor that an optimiser updates at once: a parameter, or several of one rule. */
export interface UpdatedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly rule: UpdateRule;
}

/** A model with a loss on top: what the graphs of training are made of. Each of them needs one of its own. */
export interface Objective {
  readonly graph: Graph;
  readonly trained: ParameterShapes;
  /** Inputs of the graph, in the order of `trained`. */
  readonly parameters: readonly Tensor[];
  readonly frozen: ParameterShapes;
  /** A sum over tokens or sequences by the weights fed, so that micro-batches' losses and metrics add up to the batch's. */
  readonly loss: Tensor;
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** Metrics of which a batch has the largest of its micro-batches'. */
  readonly peaks: Readonly<Record<string, Tensor>>;
  /** Rank-0 input that the loss is multiplied by for its gradients, and its metrics are not (`optim/lossScale.ts`). */
  readonly lossScale?: Tensor;
  /** Whether the backward computes each layer's states again instead of keeping them from the forward. */
  readonly recompute?: boolean;
}

/** Name of the input. */
export const lossScaleInput = 'loss_scale';

/** The objective with its gradients scaled. */
export function withLossScale(objective: Objective): Objective {
  return { ...objective, lossScale: input(objective.graph, lossScaleInput, 'float32', []) };
}

function gradientsOf({ loss, lossScale, parameters, recompute = false }: Objective): readonly Tensor[] {
  return gradients(lossScale ? multiply(loss, lossScale) : loss, parameters, { recompute });
}

/** Chooses what is trained: every weight, or with `lora` adapters and heads alone, every other weight being frozen. */
function objective(
  model: Model,
  lora: LoraConfig | undefined,
  loss: Tensor,
  metrics: Readonly<Record<string, Tensor>> = {},
  peaks: Readonly<Record<string, Tensor>> = {},
): Objective {
  const { graph, shapes, headShapes, linear } = model;
  const heads = headShapes.map(([name]) => extraWeight(model, name));
  if (!lora)
    return {
      graph,
      trained: [...shapes, ...headShapes],
      parameters: [...shapes.map(([name]) => model.weight(name)), ...heads],
      frozen: [],
      loss,
      metrics,
      peaks,
    };
  const adapters = adaptersOf(linear, lora);
  return {
    graph,
    trained: [...adapterShapes(adapters), ...headShapes],
    parameters: [...adaptGraph(graph, adapters, loraScale(lora)), ...heads],
    frozen: shapes,
    loss,
    metrics,
    peaks,
  };
}

/** One step as one graph: gradients, clipping and the optimiser's update. */
export function updateGraph(objective: Objective, settings: OptimiserSettings): UpdateGraph {
  const { graph, trained, parameters, frozen, metrics, peaks, loss, lossScale } = objective;
  const optimiser = createOptimiser(settings);
  const targets = trained.map(([name, shape]) => ({ name, shape, rule: optimiser.ruleOf(name, shape) }));
  const raw = gradientsOf(objective);
  const updateFrom = graph.nodes.length;
  const norm = update(graph, targets, parameters, raw, optimiser, { ...settings, lossScale });
  return {
    graph,
    parameters: trained,
    frozen,
    state: stateShapes(targets),
    updateFrom,
    ...nameMetrics({ ...metrics, loss, gradient_norm: norm }, peaks),
  };
}

/** The gradients of a micro-batch: outputs `updated.g.<name>`. */
export function gradientGraph(objective: Objective): TrainingGraph {
  const raw = gradientsOf(objective);
  // For its order alone: nobody fetches it.
  output(sumInGraphOrder(raw, firstNumber), 'order');
  return withGradients(objective, raw, (gradient) => gradient);
}

/** `[1]`. */
function firstNumber(x: Tensor): Tensor {
  return slice(reshape(x, [elementCount(x.shape)]), 0, 1);
}

/** Adds the gradients of a micro-batch to `g.<name>`: outputs `updated.g.<name>`, so that they may be summed in place. */
export function accumulateGraph(objective: Objective): TrainingGraph {
  return withGradients(objective, gradientsOf(objective), (gradient, name, shape) =>
    add(input(objective.graph, `g.${name}`, 'float32', shape), gradient),
  );
}

function withGradients(
  { graph, trained, frozen, loss, metrics, peaks }: Objective,
  raw: readonly Tensor[],
  result: (gradient: Tensor, name: string, shape: readonly number[]) => Tensor,
): TrainingGraph {
  trained.forEach(([name, shape], index) => {
    output(result(at(raw, index), name, shape), `updated.g.${name}`);
  });
  return { graph, parameters: trained, frozen, ...nameMetrics({ ...metrics, loss }, peaks) };
}

/** What gradients are called in `applyGraph` that a worker thread has summed up. */
export function gradientPrefix(workerThread: number): string {
  return `g${workerThread}.`;
}

/**
 * Clipping and the optimiser's update with the gradients `g<worker thread>.<name>` that worker threads have summed up over their
 * micro-batches. Those of several are added up first: outputs `updated.g0.<name>`, in the place of the first's.
 * @param isScaled whether they are those of a scaled loss.
 */
export function applyGraph(
  targets: readonly UpdatedTensor[],
  settings: OptimiserSettings,
  workerThreads = 1,
  isScaled = false,
): UpdateGraph {
  const graph = createGraph();
  const parameters = targets.map(({ name, shape }) => input(graph, name, 'float32', shape));
  const sums = targets.map(({ name, shape }) => {
    const gradients = Array.from({ length: workerThreads }, (_, workerThread) =>
      input(graph, gradientPrefix(workerThread) + name, 'float32', shape),
    );
    const sum = gradients.reduce((all, gradient) => add(all, gradient));
    if (workerThreads > 1) output(sum, `updated.${gradientPrefix(0)}${name}`);
    return sum;
  });
  const lossScale = isScaled ? input(graph, lossScaleInput, 'float32', []) : undefined;
  const norm = update(graph, targets, parameters, sums, createOptimiser(settings), { ...settings, lossScale });
  return {
    graph,
    parameters: targets.map(({ name, shape }) => [name, shape]),
    frozen: [],
    state: stateShapes(targets),
    updateFrom: 0,
    ...nameMetrics({ gradient_norm: norm }),
  };
}

/** The optimiser's state of these tensors, as graphs and checkpoints name it: `<state>.<name>`. */
export function stateShapes(targets: readonly UpdatedTensor[]): ParameterShapes {
  return targets.flatMap(({ name, shape, rule }) => rule.state.map((state) => [`${state}.${name}`, shape] as const));
}

/**
 * With a loss scale it leaves everything as it is where the norm is not finite.
 * @returns the gradients' global norm before clipping, without the loss scale.
 */
function update(
  graph: Graph,
  targets: readonly UpdatedTensor[],
  parameters: readonly Tensor[],
  raw: readonly Tensor[],
  optimiser: Optimiser,
  { maxGradNorm, lossScale }: { readonly maxGradNorm: number; readonly lossScale: Tensor | undefined },
): Tensor {
  const scaled = globalNorm(raw);
  const norm = lossScale ? divide(scaled, lossScale) : scaled;
  const clip = clipFactor(norm, maxGradNorm);
  const formula = optimiser.formula(graph, lossScale ? divide(clip, lossScale) : clip);
  const isTaken = lossScale && less(norm, largestFinite);
  targets.forEach(({ name, shape, rule }, index) => {
    const state = rule.state.map((part) => [part, input(graph, `${part}.${name}`, 'float32', shape)]);
    const weight = { parameter: at(parameters, index), state: Object.fromEntries(state) };
    const updated = appendUpdate(formula, rule, weight, at(raw, index), isTaken);
    output(updated.parameter, `updated.${name}`);
    for (const part of rule.state) output(required(updated.state[part], `state ${part}`), `updated.${part}.${name}`);
  });
  return norm;
}

/** Of float32. No number, and infinity, are not less. */
const largestFinite = 3.4e38;

function nameMetrics(
  sums: Readonly<Record<string, Tensor>>,
  peaks: Readonly<Record<string, Tensor>> = {},
): Pick<ModelGraph, 'metrics' | 'peaks'> {
  const metrics = { ...sums, ...peaks };
  for (const [name, tensor] of Object.entries(metrics)) output(tensor, name);
  return { metrics: Object.keys(metrics), peaks: Object.keys(peaks) };
}

/** Cross-entropy on answer tokens. Feeds: `sequenceFeeds`, labels `[answers]`, weights `[answers]`. */
export function supervisedObjective(
  config: ModelConfig,
  lora?: LoraConfig,
  settings?: Partial<ForwardSettings>,
): Objective {
  const language = languageModel(config);
  const model = declareModel(language, 'answers', language.shapes, [], settings, lora);
  const labels = input(model.graph, 'labels', 'int64', ['answers']);
  const weights = input(model.graph, 'weights', 'float32', ['answers']);
  const { chosen } = tokenLogProbs(model.hidden, language.headMatrix(model.weight), labels);
  return objective(model, lora, crossEntropy(chosen, weights));
}

/** An algorithm's loss on answer tokens. Feeds: as supervised, and the algorithm's `TokenInputs`, all `[answers]`. */
export function policyObjective(
  config: ModelConfig,
  algorithm: BoundAlgorithm,
  lora?: LoraConfig,
  settings?: Partial<ForwardSettings>,
): Objective {
  const language = languageModel(config);
  const heads = algorithm.critic ? valueHeadShapes(config) : [];
  const model = declareModel(language, 'answers', language.shapes, heads, settings, lora);
  const labels = input(model.graph, 'labels', 'int64', ['answers']);
  const { chosen } = tokenLogProbs(model.hidden, language.headMatrix(model.weight), labels);
  const { total, metrics, peaks } = algorithm.loss({
    logProbs: chosen,
    values: () => valuesOf(model),
    perToken: (name) => input(model.graph, name, 'float32', ['answers']),
    answerMeans: (x) => segmentMeans(x, model.sequenceOf(), 'batch'),
  });
  return objective(model, lora, total, metrics, peaks);
}

/** Two-class cross-entropy at each sequence's last token. Feeds: `sequenceFeeds`, labels `[batch]`, weights `[batch]`. */
export function rewardModelObjective(
  config: ModelConfig,
  lora?: LoraConfig,
  settings?: Partial<ForwardSettings>,
): Objective {
  const language = languageModel(config);
  const model = declareModel(language, 'batch', language.trunkShapes, rewardHeadShapes(config), settings, lora);
  const labels = input(model.graph, 'labels', 'int64', ['batch']);
  const weights = input(model.graph, 'weights', 'float32', ['batch']);
  const { chosen } = tokenLogProbs(model.hidden, extraWeight(model, 'score.weight'), labels);
  // Both classes right means log π(label) ≥ log ½.
  const right = multiply(cast(greaterOrEqual(chosen, Math.log(0.5)), 'float32'), weights);
  return objective(model, lora, crossEntropy(chosen, weights), { right: sum(right) });
}
