/** Fetching what CUDA needs: the smallest of the pinned wheels for real, and one that is not what was pinned. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../../activities/invariant.js';
import { type CudaPart, cudaParts, hasCudaBuild, isThere } from '../../../infra/gpu/cudaParts.js';
import { obtainCuda } from '../../../infra/gpu/obtainCuda.js';
import { findPython } from '../../../infra/obtain/python.js';

const python = await findPython();
const silent = (): void => {};

let directory: string;
const path = process.env.PATH;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-gpu-'));
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(directory, { recursive: true, force: true });
});

/** As on a machine that has nothing. */
async function runtimePart(): Promise<CudaPart> {
  const parts = await cudaParts(directory, {});
  const part = parts.find(({ wheel }) => wheel.project === 'nvidia-cuda-runtime');
  return { ...required(part, 'the part'), folders: [] };
}

describe.skipIf(!python || !hasCudaBuild)('obtainCuda (needs Python with pip, Linux on x64)', () => {
  it('keeps a wheel’s libraries and nothing else, and fetches them once', async () => {
    const part = await runtimePart();
    await obtainCuda([part], silent);
    expect(await readdir(part.own)).toEqual(['libcudart.so.13']);
    const library = await readFile(join(part.own, 'libcudart.so.13'));
    expect(library.subarray(1, 4).toString()).toBe('ELF');
    expect(
      isThere(
        required(
          (await cudaParts(directory, {})).find(({ own }) => own === part.own),
          'the part',
        ),
      ),
    ).toBe(true);
    // Nothing is asked of pip: there is none.
    await obtainCuda([{ ...part, folders: [part.own] }], silent);
    // A folder that has lost a file is made anew.
    await rm(join(part.own, 'libcudart.so.13'));
    await obtainCuda([part], silent);
    expect(existsSync(join(part.own, 'libcudart.so.13'))).toBe(true);
  });

  it('refuses a wheel that is not the pinned one, and leaves nothing of it', async () => {
    const part = await runtimePart();
    const forged = { ...part, wheel: { ...part.wheel, sha256: '0'.repeat(64) } };
    await expect(obtainCuda([forged], silent)).rejects.toThrow(
      expect.objectContaining({
        name: 'MissingSoftware',
        message: expect.stringMatching(/^nvidia-cuda-runtime 13\.0\.96 cannot be had: .*Expected sha256 0{64}/s),
      }),
    );
    expect(await readdir(directory)).toEqual([]);
  });

  it('says what is needed where there is no Python', async () => {
    const part = await runtimePart();
    process.env.PATH = '';
    await expect(obtainCuda([part], silent)).rejects.toThrow('needs Python 3.9 or later with pip');
  });
});
