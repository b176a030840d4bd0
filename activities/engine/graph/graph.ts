/**
 * A tensor graph under construction: nodes are ONNX operators, appended in an order that is already topological.
 *
 * Nothing is computed here. `operators.ts` appends nodes, `gradients.ts` appends their reverse, `onnx/serialise.ts` writes the
 * whole as an ONNX model that onnxruntime runs.
 */
import { type Dimension, describeShape, type Shape } from './shape.js';

export type ElementType = 'float32' | 'float64' | 'int64' | 'int32' | 'bool';

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
  /** A graph that the node runs by itself; it may read tensors of the graph around it. */
  | { readonly kind: 'graph'; readonly value: Graph };

export interface Node {
  readonly operator: string;
  /** `''` for ONNX's own operators, `'com.microsoft'` for onnxruntime's. */
  readonly domain: '' | 'com.microsoft';
  /** Null marks an optional input left out. */
  readonly inputs: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Stands in for the operator's gradient rule where more is known than the operator says. */
  readonly ownRule?: OwnRule;
}

/** A gradient rule for one node, which may stand for a whole formula that ends in the node. */
export interface OwnRule {
  /** What the gradient flows to: the rule gives a contribution for each. Left out, the node's inputs. */
  readonly sources?: readonly Tensor[];
  readonly rule: GradientRule;
}

/**
 * What a rule gives for one input of its node: a gradient, a way to add it to what has been gathered so far (a scatter writes
 * into the sum instead of into zeros of its own), or null where no gradient flows.
 */
export type Contribution = Tensor | { readonly addTo: (sum: Tensor | null) => Tensor } | null;
export type GradientRule = (node: Node, gradient: Tensor) => readonly Contribution[];

export type ConstantData = Float32Array | Float64Array | BigInt64Array | Int32Array;
export interface Constant {
  readonly tensor: Tensor;
  readonly data: ConstantData;
}

export interface Graph {
  /** Whether gradients may be asked for: a graph without may use operators that have no gradient rule. */
  readonly differentiable: boolean;
  readonly nodes: Node[];
  readonly inputs: Tensor[];
  readonly outputs: { readonly name: string; readonly tensor: Tensor }[];
  readonly constants: Constant[];
  /** Small constants by value, so that equal scalars are stored once. */
  readonly constantNames: Map<string, Tensor>;
  /** Tensors that the backward computes again instead of keeping them from the forward, by name. */
  readonly recomputed: Map<string, (gradient: Tensor) => Tensor>;
  /** Where a dynamic dimension can be read: an input and its axis. */
  readonly dimensions: Map<string, { readonly tensor: Tensor; readonly axis: number }>;
  counter: number;
}

export function createGraph({ differentiable = true } = {}): Graph {
  return {
    differentiable,
    nodes: [],
    inputs: [],
    outputs: [],
    constants: [],
    constantNames: new Map(),
    recomputed: new Map(),
    dimensions: new Map(),
    counter: 0,
  };
}

/** Declares a graph input. Names of dynamic dimensions are bound to it on their first use. */
export function input(graph: Graph, name: string, type: ElementType, shape: Shape): Tensor {
  if (graph.inputs.some((other) => other.name === name)) throw new Error(`graph has an input ${name} already`);
  const tensor: Tensor = { graph, name, type, shape };
  graph.inputs.push(tensor);
  shape.forEach((dimension, axis) => {
    if (typeof dimension === 'string' && !dimension.includes('*') && !graph.dimensions.has(dimension))
      graph.dimensions.set(dimension, { tensor, axis });
  });
  return tensor;
}

/** Stores values in the graph itself. */
export function constant(graph: Graph, type: ElementType, shape: readonly number[], values: readonly number[]): Tensor {
  const id = values.length <= 16 ? `${type}${describeShape(shape)}${values.join()}` : null;
  const known = id === null ? undefined : graph.constantNames.get(id);
  if (known) return known;
  const tensor: Tensor = { graph, name: `constant_${graph.counter++}`, type, shape };
  graph.constants.push({ tensor, data: constantData(type, values) });
  if (id !== null) graph.constantNames.set(id, tensor);
  return tensor;
}

/** Stores an array of float32 in the graph under a name of its own; it is not copied. */
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

function constantData(type: ElementType, values: readonly number[]): ConstantData {
  switch (type) {
    case 'float32':
      return Float32Array.from(values);
    case 'float64':
      return Float64Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(values, (value) => BigInt(value));
    case 'bool':
      throw new Error('bool constants are not supported: compare numbers in the graph');
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
  const [tensor] = appendMany(graph, operator, inputs, [output], attributes, domain);
  if (!tensor) throw new Error(`${operator} has no output`);
  return tensor;
}

/** Appends a node with one output and a gradient rule of its own. */
export function appendWithRule(
  graph: Graph,
  operator: string,
  inputs: readonly (Tensor | null)[],
  output: { readonly type: ElementType; readonly shape: Shape },
  attributes: Readonly<Record<string, Attribute>>,
  ownRule: OwnRule,
): Tensor {
  const tensor: Tensor = { graph, name: `${operator}_${graph.counter++}`, ...output };
  graph.nodes.push({ operator, domain: '', inputs, outputs: [tensor], attributes, ownRule });
  return tensor;
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
 * Lets the backward compute a tensor again, by `again` and at most once, where an operator's gradient rule reads it as an input of
 * its node: worth it for what is cheap to compute and large to keep. `again` is given the gradient of that node's result, to wait
 * for (`operators.ts`, `after`).
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

/** Makes a tensor an output of the graph under a name of its own (the serialiser renames it, so no copy is made). */
export function output(tensor: Tensor, name: string): void {
  if (tensor.graph.outputs.some((other) => other.name === name)) throw new Error(`graph has an output ${name} already`);
  tensor.graph.outputs.push({ name, tensor });
}

/** What a node reads: its inputs, and what a graph among its attributes reads of the graph around it. */
export function reads({ inputs, attributes }: Node): Tensor[] {
  const ownInputs = inputs.flatMap((tensor) => (tensor ? [tensor] : []));
  const outer = Object.values(attributes).flatMap((attribute) => {
    if (attribute.kind !== 'graph') return [];
    const body = attribute.value;
    return body.nodes.flatMap(reads).filter(({ graph }) => graph !== body);
  });
  return [...ownInputs, ...outer];
}

/** The dimension at an axis that must be there (negative axes count from the end). */
export function dimensionAt(tensor: Tensor, axis: number): Dimension {
  const dimension = tensor.shape[axis < 0 ? tensor.shape.length + axis : axis];
  if (dimension === undefined) throw new Error(`${tensor.name} ${describeShape(tensor.shape)} has no axis ${axis}`);
  return dimension;
}
