/** Where the tensors of a Hugging Face folder lie: in one safetensors file, or in shards that an index names. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InvalidModel } from '../../errors.js';
import { readForeignJson } from '../../foreignJson.js';
import { at } from '../../invariant.js';

export const weightsFile = 'model.safetensors';
export const indexFile = 'model.safetensors.index.json';

/** A safetensors file, and the tensors it must have; null when nothing says so. */
export interface Shard {
  readonly path: string;
  readonly tensors: readonly string[] | null;
}

/** A name in the same folder, so that an index cannot point elsewhere. */
const shardName = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\.safetensors$/;
const indexSchema = z.object({ weight_map: z.record(z.string(), z.unknown()) });

/** The largest models have some thousand tensors to a shard. */
const mostIndexBytes = 64 * 2 ** 20;

/** The names of an index's shards. @throws InvalidModel when it is no index. */
export function shardNames(index: Uint8Array, file: string): ReadonlyMap<string, readonly string[]> {
  const read = readForeignJson(index, mostIndexBytes);
  if ('problem' in read) throw new InvalidModel(`${file} ${read.problem}`);
  const { data, error } = indexSchema.safeParse(read.value);
  if (error) throw new InvalidModel(`${file} cannot be used: ${z.prettifyError(error)}`);
  const shards = new Map<string, string[]>();
  for (const [tensor, shard] of Object.entries(data.weight_map)) {
    // Names in an index may be of any length.
    if (typeof shard !== 'string' || !shardName.test(shard))
      throw new InvalidModel(
        `${file} names a file for tensor ${tensor.slice(0, 200)} that is no .safetensors beside it`,
      );
    const known = shards.get(shard);
    if (known) known.push(tensor);
    else shards.set(shard, [tensor]);
  }
  if (shards.size === 0) throw new InvalidModel(`${file}: weight_map names no tensors`);
  return shards;
}

/** @throws InvalidModel when a folder has neither form, or lacks a shard. */
export async function findShards(directory: string): Promise<readonly Shard[]> {
  const single = join(directory, weightsFile);
  if (await isFile(single)) return [{ path: single, tensors: null }];
  const index = join(directory, indexFile);
  if (!(await isFile(index)))
    throw new InvalidModel(
      `${directory}: neither ${weightsFile} nor ${indexFile} is there (PyTorch .bin files are not read)`,
    );
  const shards = Array.from(shardNames(await readFile(index), index), ([name, tensors]) => ({
    path: join(directory, name),
    tensors,
  }));
  for (const { path, tensors } of shards)
    if (!(await isFile(path)))
      throw new InvalidModel(`${path} is missing, ${index} names it for tensor ${at(tensors, 0).slice(0, 200)}`);
  return shards;
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ?? false;
}
