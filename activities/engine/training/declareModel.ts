/** A model as the graphs of training and scoring begin: its weights and tokens as inputs, its trunk up to the states that heads read. */
import { required } from '../../invariant.js';
import { createGraph, type Graph, input, type Tensor } from '../graph/graph.js';
import { add, dimensionSize, divide, gatherRows, reshape } from '../graph/operators.js';
import type { Precision } from '../graph/precision.js';
import { cachePreferences, type Preferences } from '../graph/preferences.js';
import type { LoraConfig } from '../lora/adapters.js';
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
import type { ComputeSettings } from '../weights/modelFiles.js';
import { raggedAttention } from './raggedAttention.js';

/** Parameters beside the language model's own. */
export const valueHeadShapes = (config: ModelConfig): ParameterShapes => [
  ['value_head.weight', [1, languageModel(config).hiddenSize]],
  ['value_head.bias', [1]],
];
export const rewardHeadShapes = (config: ModelConfig): ParameterShapes => [
  ['score.weight', [2, languageModel(config).hiddenSize]],
];

export interface Model {
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

/**
 * The parts of `ComputeSettings` that a forward depends on, and how the device likes it written. `precision` is what the graph will
 * be put into: it is written in float32.
 */
export type ForwardSettings = Pick<ComputeSettings, 'attentionInBlocks' | 'precision'> & Pick<Graph, 'preferences'>;

/**
 * In half precision alone projections are joined, whose weights are cast at each run anyway, and operators fused, which have no other
 * kernels. Under adapters projections stay apart: an adapter belongs to a product.
 */
function preferencesFor(preferences: Preferences, precision: Precision, lora?: LoraConfig): Preferences {
  const isHalf = precision !== 'float32';
  return {
    ...preferences,
    joinsProjections: preferences.joinsProjections && isHalf && !lora,
    fusedOperators: preferences.fusedOperators && isHalf,
  };
}

/** Declares weights and the inputs of `sequenceFeeds`, runs the trunk for the states at `positions`. */
export function declareModel(
  language: LanguageModel,
  positionsDimension: string,
  shapes: ParameterShapes,
  headShapes: ParameterShapes = [],
  {
    attentionInBlocks: inBlocks = false,
    precision = 'float32',
    preferences = cachePreferences,
  }: Partial<ForwardSettings> = {},
  lora?: LoraConfig,
): Model {
  const graph = createGraph({ preferences: preferencesFor(preferences, precision, lora) });
  const tokens = input(graph, 'tokens', 'int64', ['tokens']);
  const grid = input(graph, 'grid', 'int64', ['batch', 'time']);
  const slots = input(graph, 'slots', 'int64', ['tokens']);
  const positions = input(graph, 'positions', 'int64', [positionsDimension]);
  const weight = weightsFrom(shapes, (name, shape) => input(graph, name, 'float32', shape));
  const extra = new Map(headShapes.map(([name, shape]) => [name, input(graph, name, 'float32', shape)]));
  const sequences = raggedAttention(
    causalAttention(graph, language.attention, 'batch', 'time', { inBlocks }),
    grid,
    slots,
  );
  const hidden = language.trunk(weight, tokens, sequences, positions);
  // A slot is row × time + column.
  const sequenceOf = () => divide(gatherRows(slots, positions), dimensionSize(graph, 'time'));
  return { graph, shapes, headShapes, weight, linear: language.linear, hidden, sequenceOf, extra };
}

export function extraWeight(model: Model, name: string): Tensor {
  return required(model.extra.get(name), `the head's weight ${name}`);
}

/** The value head on the gathered states: `[answers]`. */
export function valuesOf(model: Model): Tensor {
  const column = linear(model.hidden, extraWeight(model, 'value_head.weight'));
  return reshape(add(column, extraWeight(model, 'value_head.bias')), ['answers']);
}
