/**
 * A tensor graph under construction: nodes are ONNX operators, appended in topological order.
 *
 * Nothing is computed here. `operators.ts` appends nodes, `gradients.ts` appends the nodes of the gradients, and
 * `onnx/serialise.ts` writes the graph as an ONNX model that onnxruntime runs. Errors are InternalError: graphs are built by our
 * own code.
 */
import { InternalError } from '../../errors.js';
import { at, required } from '../../invariant.js';
import { cachePreferences, type Preferences } from './preferences.js';
import { type Dimension, describeShape, type Shape } from './shape.js';

/** Half of float32's bits. Graphs are written in float32; `precision.ts` puts them into these. */
export type HalfType = 'float16' | 'bfloat16';
export type ElementType = 'float32' | HalfType | 'float64' | 'int64' | 'int32' | 'bool';

/** ONNX's numbers of the element types (`TensorProto.DataType`). */
export const onnxElementTypes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** A value in a graph: the output of a node, an input or a constant. */
export interface Tensor {
  readonly graph: Graph;
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  /** A subgraph that the node runs by itself; it may read tensors of the outer graph. */
  | { readonly kind: 'graph'; readonly value: Graph };

export interface Node {
  readonly operator: string;
  /** `''` for ONNX's own operators, `'com.microsoft'` for onnxruntime's, others for ours: by type once they have one. */
  readonly domain: '' | 'com.microsoft' | 'reft' | `reft.${HalfType}`;
  /** Null marks an optional input left out. */
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Used instead of the operator's gradient rule. */
  readonly customGradient?: CustomGradient;
}

/** A gradient rule for one node, or for a formula of several nodes that ends in it. */
export interface CustomGradient {
  /** The tensors that the gradient flows to: the rule gives a contribution for each. Default: the node's inputs. */
  readonly sources?: readonly Tensor[];
  readonly rule: GradientRule;
}

/**
 * What a rule gives for one input of its node: a gradient, a function that adds it to the sum so far (a scatter writes into that
 * sum instead of into new zeros), or null where no gradient flows.
 */
export type Contribution = Tensor | { readonly addTo: (sum: Tensor | null) => Tensor } | null;
/** @param gradients of all results of a node that has several, null where nothing reads one; `gradient` is the first's. */
export type GradientRule = (
  node: Node,
  gradient: Tensor,
  gradients: readonly (Tensor | null)[],
) => readonly Contribution[];

export type ConstantData = Float32Array | Float64Array | BigInt64Array | Int32Array;
export interface Constant {
  readonly tensor: Tensor;
  readonly data: ConstantData;
}

export interface Graph {
  /** Whether gradients may be asked for. If not, operators without a gradient rule may be used. */
  readonly differentiable: boolean;
  readonly preferences: Preferences;
  readonly nodes: Node[];
  readonly inputs: Tensor[];
  readonly outputs: { readonly name: string; readonly tensor: Tensor }[];
  readonly constants: Constant[];
  /** Small constants by value, so that equal scalars are stored once. */
  readonly constantNames: Map<string, Tensor>;
  /** Tensors that the backward computes again instead of keeping them from the forward, by name (see `recompute`). */
  readonly recomputed: Map<string, (gradient: Tensor) => Tensor>;
  /** The states that a model's layers start from, in order (`recomputeLayers.ts`). */
  readonly layerStarts: Tensor[];
  /** Where a dynamic dimension can be read: an input and its axis. */
  readonly dimensions: Map<string, { readonly tensor: Tensor; readonly axis: number }>;
  counter: number;
}

/** @param preferences of the device that it will run on; left out, where no formula in it can be written in several ways. */
export function createGraph({
  differentiable = true,
  preferences = cachePreferences,
}: Partial<Pick<Graph, 'differentiable' | 'preferences'>> = {}): Graph {
  return {
    differentiable,
    preferences,
    nodes: [],
    inputs: [],
    outputs: [],
    constants: [],
    constantNames: new Map(),
    recomputed: new Map(),
    layerStarts: [],
    dimensions: new Map(),
    counter: 0,
  };
}

/** Declares a graph input. Names of dynamic dimensions are bound to it on their first use. */
export function input(graph: Graph, name: string, type: ElementType, shape: Shape): Tensor {
  if (graph.inputs.some((other) => other.name === name)) throw new InternalError(`graph has an input ${name} already`);
  const tensor: Tensor = { graph, name, type, shape };
  graph.inputs.push(tensor);
  shape.forEach((dimension, axis) => {
    if (typeof dimension === 'string' && !dimension.includes('*') && !graph.dimensions.has(dimension))
      graph.dimensions.set(dimension, { tensor, axis });
  });
  return tensor;
}

/** Stores values in the graph itself. */
export function constant(
  graph: Graph,
  type: ElementType,
  shape: readonly number[],
  values: readonly number[] | Float32Array,
): Tensor {
  const id = values.length <= 16 ? `${type}${describeShape(shape)}${values.join()}` : null;
  const known = id === null ? undefined : graph.constantNames.get(id);
  if (known) return known;
  const tensor: Tensor = { graph, name: `constant_${graph.counter++}`, type, shape };
  graph.constants.push({ tensor, data: constantData(type, values) });
  if (id !== null) graph.constantNames.set(id, tensor);
  return tensor;
}

/** Stores an array of float32 in the graph under the given name. The array is not copied. */
export function storedTensor(
  graph: Graph,
  name: string,
  shape: readonly number[],
  data: Float32Array<ArrayBufferLike>,
): Tensor {
  const tensor: Tensor = { graph, name, type: 'float32', shape };
  graph.constants.push({ tensor, data });
  return tensor;
}

/** A rank-0 constant of the same element type as `like`. */
export function scalar(like: Tensor, value: number): Tensor {
  return constant(like.graph, like.type, [], [value]);
}

function constantData(type: ElementType, values: readonly number[] | Float32Array): ConstantData {
  switch (type) {
    case 'float32':
      return values instanceof Float32Array ? values : Float32Array.from(values);
    case 'float64':
      return Float64Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from([...values], (value) => BigInt(value));
    case 'float16':
    case 'bfloat16':
      throw new InternalError(`${type} constants are not supported: cast them in the graph`);
    case 'bool':
      throw new InternalError('bool constants are not supported: compare numbers in the graph');
  }
}

/** Appends a node with one output. */
export function append(
  graph: Graph,
  operator: string,
  inputs: readonly (Tensor | null)[],
  output: { readonly type: ElementType; readonly shape: Shape },
  attributes: Readonly<Record<string, Attribute>> = {},
  domain: Node['domain'] = '',
): Tensor {
  return at(appendMany(graph, operator, inputs, [output], attributes, domain), 0);
}

/** Appends a node with one output and a custom gradient. */
export function appendWithGradient(
  graph: Graph,
  operator: string,
  inputs: readonly (Tensor | null)[],
  output: { readonly type: ElementType; readonly shape: Shape },
  attributes: Readonly<Record<string, Attribute>>,
  customGradient: CustomGradient,
): Tensor {
  const tensor: Tensor = { graph, name: `${operator}_${graph.counter++}`, ...output };
  graph.nodes.push({ operator, domain: '', inputs, outputs: [tensor], attributes, customGradient });
  return tensor;
}

/** Gives the node that was appended last a gradient of its own. */
export function giveGradient(graph: Graph, customGradient: CustomGradient): void {
  const last = required(graph.nodes.pop(), 'a last node');
  graph.nodes.push({ ...last, customGradient });
}

/** Appends a node with several outputs. */
export function appendMany(
  graph: Graph,
  operator: string,
  inputs: readonly (Tensor | null)[],
  outputs: readonly { readonly type: ElementType; readonly shape: Shape }[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain: Node['domain'] = '',
): readonly Tensor[] {
  const tensors = outputs.map(
    ({ type, shape }): Tensor => ({ graph, name: `${operator}_${graph.counter++}`, type, shape }),
  );
  graph.nodes.push({ operator, domain, inputs, outputs: tensors, attributes });
  return tensors;
}

/**
 * Activation recomputation (gradient checkpointing): where a gradient rule reads `tensor` as an input of its node, the backward
 * computes it again by `again`, at most once, instead of keeping it from the forward. For tensors that are cheap to compute and
 * large to keep. `again` is given the gradient of that node's result and must wait for it (`after.ts`).
 */
export function recompute(tensor: Tensor, again: (gradient: Tensor) => Tensor): Tensor {
  tensor.graph.recomputed.set(tensor.name, once(again));
  return tensor;
}

/** A function whose first result stands for all its calls. */
export function once<Input, Output>(make: (input: Input) => Output): (input: Input) => Output {
  let made: { readonly output: Output } | undefined;
  return (input) => {
    made ??= { output: make(input) };
    return made.output;
  };
}

/** Makes a tensor an output of the graph under the given name. The serialiser renames the tensor, so no copy is made. */
export function output(tensor: Tensor, name: string): void {
  if (tensor.graph.outputs.some((other) => other.name === name))
    throw new InternalError(`graph has an output ${name} already`);
  tensor.graph.outputs.push({ name, tensor });
}

/** The tensors a node reads: its inputs, and those of the outer graph that its subgraph reads. */
export function reads({ inputs, attributes }: Node): Tensor[] {
  const ownInputs = inputs.flatMap((tensor) => (tensor ? [tensor] : []));
  const outer = Object.values(attributes).flatMap((attribute) => {
    if (attribute.kind !== 'graph') return [];
    const body = attribute.value;
    return body.nodes.flatMap(reads).filter(({ graph }) => graph !== body);
  });
  return [...ownInputs, ...outer];
}

/** The node reading other tensors: `map` is given each of `reads`. */
export function withReads(node: Node, map: (tensor: Tensor) => Tensor): Node {
  const attributes = Object.entries(node.attributes).map(([name, attribute]) => [
    name,
    attribute.kind === 'graph' ? { ...attribute, value: bodyWithReads(attribute.value, map) } : attribute,
  ]);
  return {
    ...node,
    inputs: node.inputs.map((tensor) => tensor && map(tensor)),
    attributes: Object.fromEntries(attributes),
  };
}

function bodyWithReads(body: Graph, map: (tensor: Tensor) => Tensor): Graph {
  const copy: Graph = { ...createGraph(body), counter: body.counter };
  const moved = (tensor: Tensor): Tensor => (tensor.graph === body ? { ...tensor, graph: copy } : map(tensor));
  copy.inputs.push(...body.inputs.map(moved));
  copy.constants.push(...body.constants.map(({ tensor, data }) => ({ tensor: moved(tensor), data })));
  copy.nodes.push(...body.nodes.map((node) => withReads({ ...node, outputs: node.outputs.map(moved) }, moved)));
  copy.outputs.push(...body.outputs.map(({ name, tensor }) => ({ name, tensor: moved(tensor) })));
  return copy;
}

/** The dimension at an axis that must be there. Negative axes count from the end. */
export function dimensionAt({ name, shape }: Tensor, axis: number): Dimension {
  return required(shape.at(axis), `axis ${axis} of ${name} ${describeShape(shape)}`);
}

/** An input that the node must have. */
export function operand({ operator, inputs }: Node, index: number): Tensor {
  return required(inputs[index], `operand ${index} of ${operator}`);
}

/** Lets the last node's only result take the place of `replaced`: what reads `replaced` by its name reads it. */
export function renameLastResult(graph: Graph, replaced: Tensor): void {
  const last = required(graph.nodes.pop(), 'a last node');
  graph.nodes.push({ ...last, outputs: [replaced] });
}
