/** What `reft gpu` has fetched, as variables by which engine processes find it. */
import { join } from 'node:path';
import { cudaFolders, cudaParts, hasCudaBuild } from '../../infra/gpu/cudaParts.js';
import { dataDirectory } from '../settings.js';

export const gpuDirectory = join(dataDirectory, 'gpu');

/** Empty where folders are named already, or nothing is there. */
export async function cudaVariables(environment: NodeJS.ProcessEnv = process.env): Promise<Record<string, string>> {
  const { REFT_CUDA_LIBRARIES: named, LD_LIBRARY_PATH: before } = environment;
  if (named || !hasCudaBuild) return {};
  const folders = cudaFolders(await cudaParts(gpuDirectory, environment));
  if (folders === '') return {};
  // CUDA's libraries open some of each other by name. The loader reads it when a process starts: an engine is one of its own.
  return { REFT_CUDA_LIBRARIES: folders, LD_LIBRARY_PATH: before ? `${folders}:${before}` : folders };
}

/** Where a CUDA device is asked for: lets the processes that this one starts find what it needs. */
export async function useObtainedCuda(): Promise<void> {
  if (process.env.REFT_DEVICE?.startsWith('cuda')) Object.assign(process.env, await cudaVariables());
}
