/**
 * The libraries that a CUDA device needs: onnxruntime's CUDA provider, which onnxruntime looks for beside its core library, and
 * CUDA's own. They are found in the folders of REFT_CUDA_LIBRARIES, then where the system's loader looks.
 */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { LibraryHandle } from 'koffi';
import { loadNamedLibrary } from './foreign.js';
import { nodesLibraryPath } from './library.js';

const core = 'libonnxruntime.so.1';
const providers = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];

const runtime = 'libcudart.so.13';
const driver = 'libcuda.so.1';
/** What the provider is linked with or opens by name: each after those that it needs itself. */
const libraries = [runtime, driver, 'libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10', 'libcudnn.so.9'];

/** The folders that REFT_CUDA_LIBRARIES names, separated as in PATH. */
export function cudaFolders(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  return (environment.REFT_CUDA_LIBRARIES ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** Of each folder, that of onnxruntime-node the last, those of the files that it lacks to run on CUDA. */
function lackedByFolder(environment: NodeJS.ProcessEnv) {
  const node = nodesLibraryPath();
  return [...cudaFolders(environment), ...(node === null ? [] : [dirname(node)])].map((folder) => ({
    folder,
    lacked: [core, ...providers].filter((file) => !existsSync(join(folder, file))),
  }));
}

/** onnxruntime's core library with the CUDA provider beside it; null where no folder has all of its files. */
export function cudaCorePath(environment: NodeJS.ProcessEnv = process.env): string | null {
  const whole = lackedByFolder(environment).find(({ lacked }) => lacked.length === 0);
  return whole === undefined ? null : join(whole.folder, core);
}

/**
 * Loads CUDA's libraries, so that the provider finds them by their names wherever they lie.
 * @returns CUDA's runtime.
 * @throws Error that names all that are missing.
 */
export function loadCudaLibraries(environment: NodeJS.ProcessEnv = process.env): LibraryHandle {
  const folders = cudaFolders(environment);
  const missing = libraries.filter((name) => !loads(name, folders));
  if (missing.length === 0) return loadNamedLibrary(runtime, folders);
  const remedy = missing.includes(driver)
    ? "install NVIDIA's driver, then `npx reft gpu` fetches the others"
    : fetching;
  throw new Error(`${missing.join(', ')} cannot be loaded; ${remedy}`);
}

/** CUDA's runtime alone. @throws Error when it is missing. */
export function loadCudaRuntime(environment: NodeJS.ProcessEnv = process.env): LibraryHandle {
  return loadNamedLibrary(runtime, cudaFolders(environment));
}

function loads(name: string, folders: readonly string[]): boolean {
  try {
    loadNamedLibrary(name, folders);
    return true;
  } catch {
    return false;
  }
}

const fetching = '`npx reft gpu` fetches what is missing';

/** What keeps a CUDA device from working, in words that say what to do; null where all files are there. */
export function missingForCuda(environment: NodeJS.ProcessEnv = process.env): string | null {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') return `onnxruntime has no CUDA for ${platform} ${arch}`;
  if (cudaCorePath(environment) !== null) return null;
  const [best] = lackedByFolder(environment).toSorted((a, b) => a.lacked.length - b.lacked.length);
  if (best === undefined) return `onnxruntime-node has no library for ${platform} ${arch}`;
  return `${best.lacked.join(' and ')} not in ${best.folder}; ${fetching}`;
}
