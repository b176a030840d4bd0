/** What of CUDA a machine has: in folders of its own, in those that variables name, or nowhere. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cudaFolders, cudaParts, isThere } from '../../../infra/gpu/cudaParts.js';
import { cudaLibraries, provider } from '../../../infra/gpu/cudaWheels.js';

let directory: string;
const path = process.env.PATH;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-gpu-'));
  // Without ldconfig, so that what is installed here does not matter.
  process.env.PATH = '';
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(directory, { recursive: true, force: true });
});

async function folderWith(name: string, files: readonly string[]): Promise<string> {
  const folder = join(directory, name);
  await mkdir(folder, { recursive: true });
  for (const file of files) await writeFile(join(folder, file), '');
  return folder;
}

const namesThere = async (environment: NodeJS.ProcessEnv = {}): Promise<readonly string[]> =>
  (await cudaParts(join(directory, 'gpu'), environment)).filter(isThere).map(({ wheel }) => wheel.project);

describe('cudaParts', () => {
  it('are those of the wheels, none of them there at first', async () => {
    const parts = await cudaParts(join(directory, 'gpu'), {});
    expect(parts.map(({ wheel }) => wheel)).toEqual([provider, ...cudaLibraries]);
    expect(await namesThere()).toEqual([]);
  });

  it('are found where they were fetched to, if all files are there', async () => {
    await folderWith(`gpu/${provider.project}-${provider.version}`, provider.files);
    await folderWith('gpu/nvidia-cublas-13.1.0.3', ['libcublas.so.13']);
    expect(await namesThere()).toEqual(['onnxruntime-gpu']);
    await folderWith('gpu/nvidia-cublas-13.1.0.3', ['libcublasLt.so.13']);
    expect(await namesThere()).toEqual(['onnxruntime-gpu', 'nvidia-cublas']);
    const parts = await cudaParts(join(directory, 'gpu'), {});
    expect(cudaFolders(parts)).toBe(
      `${join(directory, 'gpu/onnxruntime-gpu-1.30.0')}:${join(directory, 'gpu/nvidia-cublas-13.1.0.3')}`,
    );
  });

  it('are found in folders that variables name, libraries in either, the provider beside its core library alone', async () => {
    const named = await folderWith('named', [...provider.files, 'libcudart.so.13']);
    expect(await namesThere({ REFT_CUDA_LIBRARIES: named })).toEqual(['nvidia-cuda-runtime']);
    await folderWith('named', ['libonnxruntime.so.1']);
    expect(await namesThere({ REFT_CUDA_LIBRARIES: named })).toEqual(['onnxruntime-gpu', 'nvidia-cuda-runtime']);
    expect(await namesThere({ LD_LIBRARY_PATH: `/nowhere:${named}` })).toEqual(['nvidia-cuda-runtime']);
  });
});

describe('the pinned provider', () => {
  it('is of the version of onnxruntime-node, whose core library it joins', () => {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
    expect(provider.version).toBe(version);
  });
});
