/**
 * Files of data sets on the Hugging Face hub, `hf:org/name`: by itself the rows as the hub has converted them to Parquet, a folder
 * for each configuration and in it one for each split; with a revision and a path, whatever lies there.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DataFileSpec } from '../../../workflows/config/data.js';
import { InvalidData } from '../../errors.js';
import { required } from '../../invariant.js';
import type { FileAccess, HubFiles, ObtainedFile, Split } from './fileAccess.js';

/** The branch on which the hub keeps a data set's rows as Parquet. */
const parquetBranch = 'refs/convert/parquet';

/** @throws InvalidData when there is no such data set, or nothing of it at the path. */
export async function obtainFromHub(
  spec: DataFileSpec,
  split: Split,
  { openHub, workDirectory, signal }: FileAccess,
): Promise<readonly ObtainedFile[]> {
  const { from, revision: given } = typeof spec === 'string' ? { from: spec } : spec;
  const parts = /^hf:([^/@]+\/[^/@]+)(?:@([^/]+))?(?:\/(.*?))?\/*$/.exec(from);
  const [, repository, written, path = ''] = required(parts, `a data set of the hub in ${from}`);
  const revision = given ?? written ?? parquetBranch;
  const hub = await openHub(required(repository, 'a name'), revision);
  const obtained: ObtainedFile[] = [];
  const chosen = chooseFiles(hub, path, split);
  await hub.admit(chosen, workDirectory);
  for (const file of chosen) {
    const target = join(workDirectory, randomUUID());
    if (!(await hub.fetch(file, target, { onBytes: () => undefined, signal })))
      throw new InvalidData(`${hub.name} has no ${file}`);
    obtained.push({ name: `${hub.name}/${file}`, path: target });
  }
  return obtained;
}

/**
 * The files at a path: one, or those in a folder in the order of their names. A path that leaves the split out means the split that is
 * asked for, and one that leaves the configuration out the only one, or the one called `default`.
 */
function chooseFiles({ name, files }: HubFiles, path: string, split: Split): readonly string[] {
  if (files.includes(path)) return [path];
  const parquet = files.filter((file) => file.endsWith('.parquet'));
  const inFolder = (folder: string): readonly string[] => files.filter((file) => file.startsWith(`${folder}/`)).sort();
  const folders = [...new Set(parquet.flatMap((file) => /^[^/]+\/[^/]+(?=\/)/.exec(file) ?? []))];
  const configurations = [...new Set(folders.map((folder) => folder.replace(/\/.*/, '')))];
  const [only] = configurations;
  const configuration = path !== '' ? path : configurations.length === 1 && only !== undefined ? only : 'default';
  const ofSplit = inFolder(`${configuration}/${split}`);
  if (ofSplit.length > 0) return ofSplit;
  const inPath = path === '' || configurations.includes(path) ? [] : inFolder(path);
  if (inPath.length > 0) return inPath;
  const shown = folders.length > 0 ? folders : files;
  const wanted = path === '' ? `${configuration}/${split}` : path;
  throw new InvalidData(
    `${name} has no ${wanted}; found: ${shown.slice(0, mostShown).join(', ')}${shown.length > mostShown ? ', …' : ''}`,
  );
}

const mostShown = 20;
