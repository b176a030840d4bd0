/**
 * The graphs that training and scoring run: trunk, heads and losses put together, with gradients and an optimiser behind them
 * where parameters are trained. Each is built once per model configuration and serves every batch size and length.
 */

import { at, required } from '../../invariant.js';
import { segmentMeans } from '../graph/customGradients.js';
import { gradients, sumInGraphOrder } from '../graph/gradients.js';
import { createGraph, type Graph, input, output, type Tensor } from '../graph/graph.js';
import {
  add,
  cast,
  dimensionSize,
  divide,
  gatherRows,
  greaterOrEqual,
  logSoftmax,
  multiply,
  reshape,
  slice,
  sum,
} from '../graph/operators.js';
import { elementCount } from '../graph/shape.js';
import type { LoraConfig } from '../lora/adapters.js';
import { adapterShapes, adaptersOf, loraScale } from '../lora/adapters.js';
import { adaptGraph } from '../lora/adaptGraph.js';
import { crossEntropy, tokenLogProbs } from '../losses/tokenLogProbs.js';
import { linear } from '../models/blocks.js';
import { causalAttention } from '../models/causalAttention.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import {
  type LanguageModel,
  type LinearLayer,
  type ParameterShapes,
  type Weights,
  weightsFrom,
} from '../models/languageModel.js';
import { clipFactor, globalNorm } from '../optim/clipping.js';
import { createOptimiser, type OptimiserSettings } from '../optim/index.js';
import { appendUpdate, type Optimiser, type UpdateRule } from '../optim/optimiser.js';
import type { BoundAlgorithm } from '../rl/algorithm.js';
import { raggedAttention } from './raggedAttention.js';

/** Parameters beside the language model's own. */
export const valueHeadShapes = (config: ModelConfig): ParameterShapes => [
  ['value_head.weight', [1, languageModel(config).hiddenSize]],
  ['value_head.bias', [1]],
];
export const rewardHeadShapes = (config: ModelConfig): ParameterShapes => [
  ['score.weight', [2, languageModel(config).hiddenSize]],
];

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
}

interface Model {
  readonly graph: Graph;
  /** Weights of the language model that the graph reads, and the heads beside it. */
  readonly shapes: ParameterShapes;
  readonly headShapes: ParameterShapes;
  readonly linear: readonly LinearLayer[];
  readonly weight: Weights;
  /** Hidden states after the final norm at the `positions` fed, `[positions, hidden]`. */
  readonly hidden: Tensor;
  /** Which sequence of the batch each of the `positions` lies in: int64 `[positions]`. Appended to the graph when it is asked for. */
  readonly sequenceOf: () => Tensor;
  readonly extra: ReadonlyMap<string, Tensor>;
}

/** Declares weights and the inputs of `sequenceFeeds`, runs the trunk for the states at `positions`. */
function declareModel(
  language: LanguageModel,
  positionsDimension: string,
  shapes: ParameterShapes,
  headShapes: ParameterShapes = [],
): Model {
  const graph = createGraph();
  const tokens = input(graph, 'tokens', 'int64', ['tokens']);
  const grid = input(graph, 'grid', 'int64', ['batch', 'time']);
  const slots = input(graph, 'slots', 'int64', ['tokens']);
  const positions = input(graph, 'positions', 'int64', [positionsDimension]);
  const weight = weightsFrom(shapes, (name, shape) => input(graph, name, 'float32', shape));
  const extra = new Map(headShapes.map(([name, shape]) => [name, input(graph, name, 'float32', shape)]));
  const sequences = raggedAttention(causalAttention(graph, language.attention, 'batch', 'time'), grid, slots);
  const hidden = language.trunk(weight, tokens, sequences, positions);
  // A slot is row × time + column.
  const sequenceOf = () => divide(gatherRows(slots, positions), dimensionSize(graph, 'time'));
  return { graph, shapes, headShapes, weight, linear: language.linear, hidden, sequenceOf, extra };
}

function extraWeight(model: Model, name: string): Tensor {
  return required(model.extra.get(name), `the head's weight ${name}`);
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
  const { graph, trained, parameters, frozen, metrics, peaks, loss } = objective;
  const optimiser = createOptimiser(settings);
  const targets = trained.map(([name, shape]) => ({ name, shape, rule: optimiser.ruleOf(name, shape) }));
  const raw = gradients(loss, parameters);
  const norm = update(graph, targets, parameters, raw, optimiser, settings.maxGradNorm);
  return {
    graph,
    parameters: trained,
    frozen,
    state: stateShapes(targets),
    ...nameMetrics({ ...metrics, loss, gradient_norm: norm }, peaks),
  };
}

/** The gradients of a micro-batch: outputs `updated.g.<name>`. */
export function gradientGraph(objective: Objective): TrainingGraph {
  const raw = gradients(objective.loss, objective.parameters);
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
  const { graph, loss, parameters } = objective;
  return withGradients(objective, gradients(loss, parameters), (gradient, name, shape) =>
    add(input(graph, `g.${name}`, 'float32', shape), gradient),
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
 */
export function applyGraph(
  targets: readonly UpdatedTensor[],
  settings: OptimiserSettings,
  workerThreads = 1,
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
  const norm = update(graph, targets, parameters, sums, createOptimiser(settings), settings.maxGradNorm);
  return {
    graph,
    parameters: targets.map(({ name, shape }) => [name, shape]),
    frozen: [],
    state: stateShapes(targets),
    ...nameMetrics({ gradient_norm: norm }),
  };
}

/** The optimiser's state of these tensors, as graphs and checkpoints name it: `<state>.<name>`. */
export function stateShapes(targets: readonly UpdatedTensor[]): ParameterShapes {
  return targets.flatMap(({ name, shape, rule }) => rule.state.map((state) => [`${state}.${name}`, shape] as const));
}

/** @returns the gradients' global norm before clipping. */
function update(
  graph: Graph,
  targets: readonly UpdatedTensor[],
  parameters: readonly Tensor[],
  raw: readonly Tensor[],
  optimiser: Optimiser,
  maxGradNorm: number,
): Tensor {
  const norm = globalNorm(raw);
  const formula = optimiser.formula(graph, clipFactor(norm, maxGradNorm));
  targets.forEach(({ name, shape, rule }, index) => {
    const state = rule.state.map((part) => [part, input(graph, `${part}.${name}`, 'float32', shape)]);
    const weight = { parameter: at(parameters, index), state: Object.fromEntries(state) };
    const updated = appendUpdate(formula, rule, weight, at(raw, index));
    output(updated.parameter, `updated.${name}`);
    for (const part of rule.state) output(required(updated.state[part], `state ${part}`), `updated.${part}.${name}`);
  });
  return norm;
}

function nameMetrics(
  sums: Readonly<Record<string, Tensor>>,
  peaks: Readonly<Record<string, Tensor>> = {},
): Pick<ModelGraph, 'metrics' | 'peaks'> {
  const metrics = { ...sums, ...peaks };
  for (const [name, tensor] of Object.entries(metrics)) output(tensor, name);
  return { metrics: Object.keys(metrics), peaks: Object.keys(peaks) };
}

/** Cross-entropy on answer tokens. Feeds: `sequenceFeeds`, labels `[answers]`, weights `[answers]`. */
export function supervisedObjective(config: ModelConfig, lora?: LoraConfig): Objective {
  const language = languageModel(config);
  const model = declareModel(language, 'answers', language.shapes);
  const labels = input(model.graph, 'labels', 'int64', ['answers']);
  const weights = input(model.graph, 'weights', 'float32', ['answers']);
  const { chosen } = tokenLogProbs(model.hidden, language.headMatrix(model.weight), labels);
  return objective(model, lora, crossEntropy(chosen, weights));
}

/** An algorithm's loss on answer tokens. Feeds: as supervised, and the algorithm's `TokenInputs`, all `[answers]`. */
export function policyObjective(config: ModelConfig, algorithm: BoundAlgorithm, lora?: LoraConfig): Objective {
  const language = languageModel(config);
  const heads = algorithm.critic ? valueHeadShapes(config) : [];
  const model = declareModel(language, 'answers', language.shapes, heads);
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
export function rewardModelObjective(config: ModelConfig, lora?: LoraConfig): Objective {
  const language = languageModel(config);
  const model = declareModel(language, 'batch', language.trunkShapes, rewardHeadShapes(config));
  const labels = input(model.graph, 'labels', 'int64', ['batch']);
  const weights = input(model.graph, 'weights', 'float32', ['batch']);
  const { chosen } = tokenLogProbs(model.hidden, extraWeight(model, 'score.weight'), labels);
  // Both classes right means log π(label) ≥ log ½.
  const right = multiply(cast(greaterOrEqual(chosen, Math.log(0.5)), 'float32'), weights);
  return objective(model, lora, crossEntropy(chosen, weights), { right: sum(right) });
}

/** What scoring gives beside log-probabilities. `values` needs a value head. */
export interface AnswerOutputs {
  readonly values: boolean;
  readonly entropies: boolean;
}

/** Scores given answers: outputs `log_probs` and, as asked for, `entropies` and `values`, all `[answers]`. */
export function answersGraph(config: ModelConfig, outputs: AnswerOutputs): ModelGraph {
  const heads = outputs.values ? valueHeadShapes(config) : [];
  const language = languageModel(config);
  const model = declareModel(language, 'answers', language.shapes, heads);
  const labels = input(model.graph, 'labels', 'int64', ['answers']);
  const { chosen, entropy } = tokenLogProbs(model.hidden, language.headMatrix(model.weight), labels);
  output(chosen, 'log_probs');
  if (outputs.entropies) output(entropy(), 'entropies');
  if (outputs.values) output(valuesOf(model), 'values');
  return scoringGraph(model);
}

/** The reward model's log-probabilities: output `class_log_probs [batch, 2]`, class 1 being right. */
export function rewardModelGraph(config: ModelConfig): ModelGraph {
  const language = languageModel(config);
  const model = declareModel(language, 'batch', language.trunkShapes, rewardHeadShapes(config));
  output(logSoftmax(linear(model.hidden, extraWeight(model, 'score.weight'))), 'class_log_probs');
  return scoringGraph(model);
}

function scoringGraph({ graph, shapes, headShapes }: Model): ModelGraph {
  return { graph, parameters: [...shapes, ...headShapes], metrics: [], peaks: [] };
}

/** The value head on the gathered states: `[answers]`. */
function valuesOf(model: Model): Tensor {
  const column = linear(model.hidden, extraWeight(model, 'value_head.weight'));
  return reshape(add(column, extraWeight(model, 'value_head.bias')), ['answers']);
}
