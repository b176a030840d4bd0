/** Random weights of a model's shapes as a checkpoint on the hub has them: bfloat16, in two safetensors files with their index. */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ParameterShapes } from '../../../activities/engine/models/languageModel.js';
import { randomWords } from '../../../activities/engine/sampling/random.js';
import { at } from '../../../activities/invariant.js';

const shards = 2;
/** Elements of the block that matrices are filled with. */
const blockElements = 1 << 20;

/** Writes `model.safetensors.index.json` and the files it names. */
export async function writeRandomWeights(directory: string, shapes: ParameterShapes): Promise<void> {
  const map: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-0000${shard + 1}-of-0000${shards}.safetensors`;
    const held = shapes.filter((_, index) => index % shards === shard);
    for (const [name] of held) map[name] = file;
    await writeShard(join(directory, file), held);
  }
  await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
}

async function writeShard(path: string, shapes: ParameterShapes): Promise<void> {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, shape] of shapes) {
    const end = offset + 2 * elements(shape);
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = await open(path, 'w');
  try {
    await file.write(Buffer.concat([length, json]));
    for (const [, shape] of shapes) {
      // Gains and biases are as they are at a start; matrices are small.
      const block = shape.length === 1 ? ones : matrixBlock(Math.sqrt(at(shape, 1)));
      for (let rest = 2 * elements(shape); rest > 0; rest -= block.length)
        await file.write(block.subarray(0, Math.min(rest, block.length)));
    }
  } finally {
    await file.close();
  }
}

const ones = bfloat16(() => 1);

/** Uniform within ±1/√width. */
function matrixBlock(width: number): Buffer {
  let words: Uint32Array = new Uint32Array();
  return bfloat16((index) => {
    if (index % 4 === 0) words = randomWords({ seed: 1, purpose: 'initialise', position: index / 4 });
    return (at(words, index % 4) * 2 ** -31 - 1) / width;
  });
}

function bfloat16(element: (index: number) => number): Buffer {
  const values = Float32Array.from({ length: blockElements }, (_, index) => element(index));
  const bits = new Uint32Array(values.buffer);
  return Buffer.from(Uint16Array.from(bits, (value) => value >>> 16).buffer);
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
