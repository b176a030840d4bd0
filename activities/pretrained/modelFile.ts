/** The small files of a model, all but its weights: read from a folder, and parsed, within bounds. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidModel } from '../errors.js';
import { readForeignJson } from '../foreignJson.js';

const MiB = 2 ** 20;
/** The largest published tokenizer.json has 33 MiB; the other files are a tenth of it at most. */
const mostBytes = (name: string): number => (name === 'tokenizer.json' ? 128 * MiB : 16 * MiB);

/**
 * The bytes of a file of the folder; null where there is none.
 * @throws InvalidModel when it is too large
 */
export async function readModelFile(directory: string, name: string): Promise<Uint8Array | null> {
  const path = join(directory, name);
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  if (found.size > mostBytes(name))
    throw new InvalidModel(`${path} is larger than ${mostBytes(name) / MiB} MiB, the most that is read`);
  return readFile(path);
}

/**
 * @param path what to call it in errors; its end says which file it is
 * @throws InvalidModel when it is no JSON, or beyond a bound
 */
export function parseModelFile(path: string, bytes: Uint8Array): unknown {
  const read = readForeignJson(bytes, mostBytes(path.replace(/^.*[\\/]/, '')));
  if ('problem' in read) throw new InvalidModel(`${path} ${read.problem}`);
  return read.value;
}
