/** Where the tensors of a Hugging Face folder lie: in one safetensors file, or in shards that an index names. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InvalidModel } from '../../errors.js';
import { at } from '../../invariant.js';

export const weightsFile = 'model.safetensors';
export const indexFile = 'model.safetensors.index.json';

/** A safetensors file, and the tensors it must have; null when nothing says so. */
export interface Shard {
  readonly path: string;
  readonly tensors: readonly string[] | null;
}

/** A name in the same folder, so that an index cannot point elsewhere. */
const shardName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*\.safetensors$/, 'names a file that is no .safetensors beside it');
const indexSchema = z.object({ weight_map: z.record(z.string(), shardName) });

/** The names of an index's shards. @throws InvalidModel when it is no index. */
export function shardNames(index: string, file: string): ReadonlyMap<string, readonly string[]> {
  const shards = new Map<string, string[]>();
  for (const [tensor, shard] of Object.entries(parseIndex(index, file).weight_map)) {
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
  const shards = Array.from(shardNames(await readFile(index, 'utf8'), index), ([name, tensors]) => ({
    path: join(directory, name),
    tensors,
  }));
  for (const { path, tensors } of shards)
    if (!(await isFile(path)))
      throw new InvalidModel(`${path} is missing, ${index} names it for tensor ${at(tensors, 0).slice(0, 200)}`);
  return shards;
}

function parseIndex(text: string, file: string): z.output<typeof indexSchema> {
  try {
    return indexSchema.parse(JSON.parse(text));
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not JSON';
    // The names in an index may be of any length and number.
    throw new InvalidModel(`${file} cannot be used: ${problem.slice(0, 500)}`);
  }
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ?? false;
}
