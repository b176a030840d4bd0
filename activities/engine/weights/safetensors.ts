/**
 * Reads tensors in the safetensors format into float32, and writes float32: the files a model's parameters and an optimiser's state live in.
 *
 * A file is a header length (8 bytes, little-endian), a JSON header, and the tensors' bytes. The same tensors always
 * give the same bytes, since checkpoints are named by their hash. What is read is checked in full: a damaged file gives
 * `InvalidModel`, never wrong numbers. Format: https://github.com/huggingface/safetensors
 */
import { constants } from 'node:buffer';
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
import { InvalidModel } from '../../errors.js';
import { readForeignJson, repeatedName } from '../../foreignJson.js';
import { widen } from './halfPrecision.js';
import type { NamedTensor, Parameters } from './parameters.js';

/** The format's own limit on the header. */
const largestHeader = 100_000_000;
/** One read call takes at most 2³¹−1 bytes. */
const largestRead = 2 ** 30;

/** No weight of any model has more. */
const mostAxes = 8;

/** Far beyond the names of any model's weights, and short enough for every error that names a tensor. */
const longestName = 200;

type Metadata = Readonly<Record<string, string>>;

/** Bytes of an element; only the floats among them are read. */
const elementBytes = {
  ...{ F32: 4, F16: 2, BF16: 2, F64: 8, I64: 8, U64: 8, I32: 4, U32: 4, I16: 2, U16: 2, I8: 1, U8: 1, BOOL: 1 },
  ...{ F8_E4M3: 1, F8_E5M2: 1 },
};
type ElementType = keyof typeof elementBytes;

interface TensorPlace {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Byte range [begin, end) in the data section. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads the tensors of a file, all of them or those `wanted`, in F32, F16 or BF16. Where all are F32, as in the files written
 * here, their arrays are views of one buffer, unless there is none so large.
 * @throws InvalidModel naming the file, and the tensor where one is to blame.
 */
export async function readSafetensors(
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<{ tensors: Parameters; metadata: Metadata }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const headerLength = await readHeaderLength(file, size, path);
    const header = parseHeader(await readBytes(file, 8, headerLength, path), path);
    const dataLength = size - 8 - headerLength;
    checkCoverage(header.places, dataLength, path);
    const places = header.places.filter(({ name }) => wanted(name));
    const read = (begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> =>
      readBytes(file, 8 + headerLength + begin, end - begin, path);
    const isPlain = places.length === header.places.length && places.every(({ type }) => type === 'F32');
    const fits = dataLength <= constants.MAX_LENGTH;
    const tensors = isPlain && fits ? viewsOf(places, await read(0, dataLength)) : await readEach(places, read, path);
    return { tensors, metadata: header.metadata };
  } finally {
    await file.close();
  }
}

/** Full coverage by float32 tensors puts every one on a multiple of 4 bytes, as a Float32Array needs. */
function viewsOf(places: readonly TensorPlace[], { buffer }: Uint8Array<ArrayBuffer>): Parameters {
  return new Map(
    places.map(({ name, shape, begin, end }) => [
      name,
      { shape, data: new Float32Array(buffer, begin, (end - begin) / 4) },
    ]),
  );
}

/** One tensor after the other, so that no more than one is held in its stored type. */
async function readEach(
  places: readonly TensorPlace[],
  read: (begin: number, end: number) => Promise<Uint8Array<ArrayBuffer>>,
  path: string,
): Promise<Parameters> {
  const tensors = new Map<string, NamedTensor>();
  for (const { name, type, shape, begin, end } of places) {
    if (type !== 'F32' && type !== 'F16' && type !== 'BF16')
      throw new InvalidModel(`${path}: tensor ${name} has dtype ${type}, supported: F32, F16, BF16`);
    const bytes = await read(begin, end);
    tensors.set(name, { shape, data: type === 'F32' ? new Float32Array(bytes.buffer) : widen(type, bytes) });
  }
  return tensors;
}

/** Writes tensors with names sorted. The file appears under `path` only when it is complete. */
export async function writeSafetensors(path: string, tensors: Parameters, metadata: Metadata = {}): Promise<void> {
  const names = [...tensors.keys()].sort();
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0)
    header.__metadata__ = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)));
  const arrays: Float32Array[] = [];
  let offset = 0;
  for (const name of names) {
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    if (elements(tensor.shape) !== tensor.data.length)
      throw new InvalidModel(
        `${path}: tensor ${name} has ${tensor.data.length} values but shape [${tensor.shape.join(', ')}]`,
      );
    header[name] = {
      dtype: 'F32',
      shape: tensor.shape,
      data_offsets: [offset, offset + tensor.data.byteLength],
    };
    offset += tensor.data.byteLength;
    arrays.push(tensor.data);
  }
  const json = Buffer.from(JSON.stringify(header));
  // Spaces after the JSON put the data on a multiple of 8 bytes.
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));

  const partial = `${path}.partial`;
  try {
    await writeFile(partial, [length, padded, ...arrays.map(bytesOf)]);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function bytesOf(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

async function readHeaderLength(file: FileHandle, size: number, path: string): Promise<number> {
  if (size < 8) throw new InvalidModel(`${path}: truncated, ${size} bytes are no safetensors file`);
  const bytes = await readBytes(file, 0, 8, path);
  if (new TextDecoder().decode(bytes) === 'version ')
    throw new InvalidModel(`${path}: a Git LFS pointer, not the weights themselves ("git lfs pull" fetches them)`);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  if (length > largestHeader)
    throw new InvalidModel(`${path}: header of ${length} bytes, at most ${largestHeader} are allowed`);
  if (8 + length > size)
    throw new InvalidModel(`${path}: truncated, the header needs ${8 + length} bytes and the file has ${size}`);
  return length;
}

async function readBytes(
  file: FileHandle,
  start: number,
  length: number,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, largestRead), start + done);
    if (bytesRead === 0) throw new InvalidModel(`${path}: the file shrank while it was read, at byte ${start + done}`);
    done += bytesRead;
  }
  return bytes;
}

function parseHeader(bytes: Uint8Array, path: string): { places: TensorPlace[]; metadata: Metadata } {
  const read = readForeignJson(bytes, largestHeader);
  if ('problem' in read) throw new InvalidModel(`${path}: the header ${read.problem}`);
  const header = read.value;
  if (!isRecord(header)) throw new InvalidModel(`${path}: the header is not a JSON object`);
  const twice = repeatedName(bytes);
  if (twice !== undefined) throw new InvalidModel(`${path}: tensor ${clip(twice)} is named twice`);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw new InvalidModel(`${path}: __metadata__ must hold strings only`);
  return {
    places: Object.entries(entries).map(([name, entry]) => parsePlace(name, entry, path)),
    metadata: metadata as Metadata,
  };
}

function parsePlace(name: string, entry: unknown, path: string): TensorPlace {
  if (name.length > longestName)
    throw new InvalidModel(
      `${path}: tensor ${clip(name)} has a name of ${name.length} characters, at most ${longestName} are allowed`,
    );
  const where = `${path}: tensor ${name}`;
  if (!isRecord(entry)) throw new InvalidModel(`${where} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isElementType(dtype))
    throw new InvalidModel(`${where} has dtype ${clip(JSON.stringify(dtype))}, supported: F32, F16, BF16`);
  if (!isCounts(shape) || shape.length > mostAxes)
    throw new InvalidModel(`${where} has an invalid shape ${clip(JSON.stringify(shape))}`);
  const [begin, end] = isCounts(offsets) ? offsets : [];
  if (begin === undefined || end === undefined || end < begin)
    throw new InvalidModel(`${where} has invalid data_offsets ${clip(JSON.stringify(offsets))}`);
  const expected = elements(shape) * elementBytes[dtype];
  if (end - begin !== expected)
    throw new InvalidModel(`${where} has ${end - begin} bytes, its shape [${shape.join(', ')}] needs ${expected}`);
  return { name, type: dtype, shape, begin, end };
}

/** The tensors must cover the data section exactly: no overlap, no gap, nothing beyond the end. */
function checkCoverage(places: readonly TensorPlace[], dataLength: number, path: string): void {
  let covered = 0;
  for (const place of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (place.end > dataLength)
      throw new InvalidModel(
        `${path}: tensor ${place.name} ends at byte ${place.end} but only ${dataLength} bytes of data are there (truncated?)`,
      );
    if (place.begin < covered)
      throw new InvalidModel(`${path}: tensor ${place.name} overlaps another, at byte ${place.begin}`);
    if (place.begin > covered)
      throw new InvalidModel(
        `${path}: bytes ${covered} to ${place.begin} before tensor ${place.name} belong to no tensor`,
      );
    covered = place.end;
  }
  if (covered !== dataLength)
    throw new InvalidModel(`${path}: ${dataLength - covered} bytes at the end belong to no tensor`);
}

/** A hostile header's names and values may be megabytes long; they end up in logs and in Temporal's history. */
function clip(text = 'missing'): string {
  return text.length > longestName ? `${text.slice(0, longestName)}…` : text;
}

function isElementType(value: unknown): value is ElementType {
  return typeof value === 'string' && Object.hasOwn(elementBytes, value);
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
