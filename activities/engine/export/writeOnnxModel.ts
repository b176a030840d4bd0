/**
 * Writes a model as an ONNX file: the graph with its weights as constants. Weights too large for one file go into further files
 * (ONNX's external data), with the names that transformers.js looks for.
 *
 * protobufjs encodes a message in memory as a whole. To avoid a copy of the weights, their fields are encoded here and written one
 * after the other.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { InvalidModel } from '../../errors.js';
import { required } from '../../invariant.js';
import { GraphProto, graphProto, ModelProto, modelHeader, TensorProto } from '../graph/onnx/serialise.js';
import type { ModelConfig } from '../models/index.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';
import { exportGraph } from './exportGraph.js';

/** Protobuf's own limit is 2 GiB. */
const largestFileBytes = 2 ** 31 - 2 ** 26;

type Weight = NamedTensor & { readonly name: string };
const float32 = 1;

/**
 * Writes `model.onnx`. Where the weights are more than `largestFile` bytes, they go into `model.onnx_data`, `model.onnx_data_1`, …,
 * none larger than that unless a single tensor is.
 * @param parameters weights that are not the language model's are left out.
 * @returns the names of the files written, model.onnx first.
 * @throws InvalidModel when a weight is missing.
 */
export async function writeOnnxModel(
  directory: string,
  config: ModelConfig,
  parameters: Parameters,
  largestFile = largestFileBytes,
): Promise<readonly string[]> {
  const modelGraph = exportGraph(config);
  const weights: Weight[] = [];
  const inputs = modelGraph.inputs.filter(({ name }) => {
    const parameter = parameters.get(name);
    if (parameter) weights.push({ name, ...parameter });
    return parameter === undefined;
  });
  const missing = inputs.find(({ name }) => name.endsWith('.weight') || name.endsWith('.bias'));
  if (missing) throw new InvalidModel(`tensor ${missing.name} is missing`);
  const graph = { ...modelGraph, inputs };

  const path = join(directory, 'model.onnx');
  const bytes = weights.reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes <= largestFile) {
    await writeFile(path, wholeModel(GraphProto.encode(graphProto(graph)).finish(), weights));
    return ['model.onnx'];
  }
  const files = splitIntoFiles(weights, largestFile);
  const initializer = files.flatMap(({ name, weights: held }) => externalTensors(name, held));
  const proto = graphProto(graph);
  const whole = { ...modelHeader, graph: { ...proto, initializer: [...proto.initializer, ...initializer] } };
  await writeFile(path, ModelProto.encode(whole).finish());
  for (const { name, weights: held } of files) await writeFile(join(directory, name), held.map(bytesOf));
  return ['model.onnx', ...files.map(({ name }) => name)];
}

/** The parts of a ModelProto: its header, then the field `graph`: the graph without weights, and each weight. */
function wholeModel(graph: Uint8Array, weights: readonly Weight[]): Uint8Array[] {
  const constants = weights.flatMap((weight) => {
    const { name, shape: dims } = weight;
    const head = TensorProto.encode({ name, dims, data_type: float32 }).finish();
    const data = field(TensorProto, 'raw_data', [bytesOf(weight)]);
    return field(GraphProto, 'initializer', [head, ...data]);
  });
  return [ModelProto.encode(modelHeader).finish(), ...field(ModelProto, 'graph', [graph, ...constants])];
}

/** The parts of a length-delimited field: tag and length, then the parts of its content. */
function field(message: protobuf.Type, name: string, content: readonly Uint8Array[]): Uint8Array[] {
  const { id } = required(message.fields[name], `field ${name} of ${message.name}`);
  const length = content.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const lengthDelimited = 2;
  return [
    protobuf.Writer.create()
      .uint32((id << 3) | lengthDelimited)
      .uint32(length)
      .finish(),
    ...content,
  ];
}

/** Consecutive weights go into one file as long as they fit. */
function splitIntoFiles(weights: readonly Weight[], largestFile: number) {
  const files: { readonly name: string; readonly weights: Weight[]; bytes: number }[] = [];
  for (const weight of weights) {
    const { byteLength } = weight.data;
    const last = files.at(-1);
    if (last && last.bytes + byteLength <= largestFile) {
      last.weights.push(weight);
      last.bytes += byteLength;
    } else {
      const name = files.length === 0 ? 'model.onnx_data' : `model.onnx_data_${files.length}`;
      files.push({ name, weights: [weight], bytes: byteLength });
    }
  }
  return files;
}

/** TensorProtos that say where their values lie in a file. */
function externalTensors(file: string, weights: readonly Weight[]): object[] {
  let offset = 0;
  return weights.map(({ name, shape, data }) => {
    const place = { location: file, offset: String(offset), length: String(data.byteLength) };
    offset += data.byteLength;
    const external_data = Object.entries(place).map(([key, value]) => ({ key, value }));
    const external = 1;
    return { name, dims: shape, data_type: float32, external_data, data_location: external };
  });
}

function bytesOf({ data }: NamedTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
