/**
 * Which files of a worker's machine a specification may name. Whoever starts a run is not always who runs the workers: without a bound, a
 * run could be made to read whatever they can. So files lie in `REFT_DATA_DIR`, in the folders of `REFT_FOLDERS`, or in the one that the
 * worker was started in, and behind a link as well.
 */
import { realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, parse, relative, resolve, sep } from 'node:path';

export interface FoldersOptions {
  /** The folder of data sets, in place of `REFT_DATA_DIR`. */
  readonly dataDirectory?: string | undefined;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Where a path really leads, or what is wrong with it: nothing is there, or it is outside of those folders. Names that begin with a dot
 * are where programs keep their secrets, and are outside as well, unless a folder that is named lies behind them.
 */
export async function findReadable(
  path: string,
  options: FoldersOptions = {},
): Promise<{ readonly path: string } | { readonly problem: string }> {
  const folders = readableFolders(options);
  const outside = {
    problem: `it lies outside of the folders that runs may read (${folders.join(', ')}): REFT_FOLDERS of the workers can name more`,
  };
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => String(error.code));
  if (!isAbsolute(real)) return folders.some((folder) => isWithin(resolve(path), folder)) ? { problem: real } : outside;
  const places = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
  return places.some((folder) => isWithin(real, folder)) ? { path: real } : outside;
}

function readableFolders({ environment = process.env, ...given }: FoldersOptions): readonly string[] {
  const { REFT_DATA_DIR, REFT_FOLDERS = '' } = environment;
  const here = process.cwd();
  // A container's worker may be started at the root, which would be everything.
  const own = here === parse(here).root ? [] : [here];
  const named = [given.dataDirectory ?? REFT_DATA_DIR ?? '', ...REFT_FOLDERS.split(delimiter), ...own];
  return [...new Set(named.filter((folder) => folder !== '').map((folder) => resolve(folder)))];
}

function isWithin(path: string, folder: string): boolean {
  const inside = relative(folder, path);
  return !isAbsolute(inside) && !inside.split(sep).some((name) => name.startsWith('.'));
}
