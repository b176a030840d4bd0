/** A module that a page shows, taken from the page as it stands there. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Puts a module into a folder of its own, with imports that lead from there to where they do on the page.
 * @param place where the page says that it goes, from the root on. No such file is there.
 */
export async function putAside(source: string, place: string) {
  await mkdir(join(root, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, '.cache/page-'));
  afterAll(() => rm(folder, { recursive: true }));
  const moved = source.replace(
    /from '(\.[^']+)'/g,
    (_, target: string) => `from '${relative(folder, join(root, dirname(place), target))}'`,
  );
  const file = basename(place);
  await writeFile(join(folder, file), moved);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', include: [file] }));
  return {
    load: (): Promise<Readonly<Record<string, unknown>>> => import(join(folder, file)),
    /** What the compiler says: nothing, where the example is sound. */
    compile: async (): Promise<string> => {
      const compiler = join(root, 'node_modules/.bin/tsc');
      const run = promisify(execFile)(compiler, ['-p', folder]);
      return (await run.catch(({ stdout }: { readonly stdout: string }) => ({ stdout }))).stdout;
    },
  };
}
