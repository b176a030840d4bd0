/** Writes a graph as an ONNX model: the bytes that an onnxruntime session is created from. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { InternalError } from '../../../errors.js';
import {
  type Attribute,
  type Constant,
  type ElementType,
  type Graph,
  onnxElementTypes,
  reads,
  type Tensor,
} from '../graph.js';
import type { Shape } from '../shape.js';

const schema = protobuf.parse(readFileSync(new URL('./onnx.proto', import.meta.url), 'utf8'), { keepCase: true }).root;
export const ModelProto = schema.lookupType('onnx.ModelProto');
export const GraphProto = schema.lookupType('onnx.GraphProto');
export const TensorProto = schema.lookupType('onnx.TensorProto');

/** The fields of a ModelProto without its graph: ONNX operator set 18 (IR version 9). */
export const modelHeader = { ir_version: 9, producer_name: 'reft', opset_import: [{ domain: '', version: 18 }] };
/** onnxruntime's own operators. */
const microsoftOperators = { domain: 'com.microsoft', version: 1 };

/** @throws InternalError when an output is an input or a constant, or is named twice: it needs a node of its own. */
export function serialise(graph: Graph): Uint8Array {
  return ModelProto.encode({
    ...modelHeader,
    opset_import: [...modelHeader.opset_import, microsoftOperators, ...ownOperators(graph)],
    graph: graphProto(graph),
  }).finish();
}

/** Domains of our own operators, those that the graph has. */
function ownOperators({ nodes }: Graph): readonly object[] {
  const domains = new Set(nodes.map(({ domain }) => domain).filter((domain) => domain.startsWith('reft')));
  return [...domains].map((domain) => ({ domain, version: 1 }));
}

/**
 * The fields of the graph's GraphProto.
 * @param outerName the names of tensors that a subgraph reads from its outer graph.
 * @throws InternalError as `serialise`.
 */
export function graphProto(graph: Graph, outerName = ({ name }: Tensor): string => name) {
  const produced = new Set(graph.nodes.flatMap((node) => node.outputs.map((tensor) => tensor.name)));
  const renamed = new Map<string, string>();
  for (const { name, tensor } of graph.outputs) {
    if (!produced.has(tensor.name) || renamed.has(tensor.name))
      throw new InternalError(
        `output ${name} needs a node of its own: ${tensor.name} is an input, a constant or named twice`,
      );
    renamed.set(tensor.name, name);
  }
  const nameOf = (tensor: Tensor | null): string => (tensor ? (renamed.get(tensor.name) ?? outerName(tensor)) : '');
  const used = usedNames(graph);
  const nodes = graph.nodes
    .filter((node) => node.outputs.some((tensor) => used.has(tensor.name)))
    .map((node) => ({
      op_type: node.operator,
      domain: node.domain,
      input: node.inputs.map(nameOf),
      output: node.outputs.map(nameOf),
      attribute: Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value, nameOf)),
    }));
  const outputs = graph.outputs.map(({ name, tensor }) => valueInfo(name, tensor.type, tensor.shape));
  return {
    name: 'reft',
    node: nodes,
    initializer: graph.constants.filter(({ tensor }) => used.has(tensor.name)).map(tensorProto),
    input: graph.inputs.map((tensor) => valueInfo(tensor.name, tensor.type, tensor.shape)),
    output: outputs,
  };
}

/** Names of everything an output depends on; the rest is left out of the file. */
function usedNames(graph: Graph): ReadonlySet<string> {
  const used = new Set(graph.outputs.map(({ tensor }) => tensor.name));
  for (const node of [...graph.nodes].reverse())
    if (node.outputs.some((tensor) => used.has(tensor.name))) for (const tensor of reads(node)) used.add(tensor.name);
  return used;
}

/** @param nameOf names of tensors in this graph, which a subgraph may read. */
function attributeProto(name: string, attribute: Attribute, nameOf: (tensor: Tensor) => string): object {
  switch (attribute.kind) {
    case 'int':
      return { name, type: 2, i: attribute.value };
    case 'ints':
      return { name, type: 7, ints: attribute.value };
    case 'float':
      return { name, type: 1, f: attribute.value };
    case 'string':
      return { name, type: 3, s: new TextEncoder().encode(attribute.value) };
    case 'graph':
      return { name, type: 5, g: graphProto(attribute.value, nameOf) };
  }
}

function tensorProto({ tensor, data }: Constant): object {
  return {
    name: tensor.name,
    dims: tensor.shape,
    data_type: onnxElementTypes[tensor.type],
    raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function valueInfo(name: string, type: ElementType, shape: Shape): object {
  const dim = shape.map((dimension) =>
    typeof dimension === 'number' ? { dim_value: dimension } : { dim_param: dimension },
  );
  return { name, type: { tensor_type: { elem_type: onnxElementTypes[type], shape: { dim } } } };
}
