/** What this machine has and lacks for a CUDA device: driver, onnxruntime's provider, CUDA's libraries. Nothing is fetched or started. */
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { runToEnd } from '../obtain/commands.js';
import { type CudaWheel, cudaLibraries, provider } from './cudaWheels.js';

/** As `nvidia-smi` tells them. */
export interface Gpu {
  readonly index: number;
  readonly name: string;
  readonly driver: string;
  readonly memoryBytes: number;
}

export interface CudaPart {
  readonly wheel: CudaWheel;
  /** Where its wheel's files are kept once they are fetched. */
  readonly own: string;
  /** Folders that have its files, of the system or fetched: empty where one is missing. */
  readonly folders: readonly string[];
}

export const isThere = ({ folders }: CudaPart): boolean => folders.length > 0;

/** Files are fetched for Linux on x64 only: onnxruntime has no CUDA provider elsewhere but on Windows. */
export const hasCudaBuild = process.platform === 'linux' && process.arch === 'x64';

/**
 * The provider and the libraries that it needs, in the order in which they are fetched.
 * @param gpuDirectory where they are kept
 */
export async function cudaParts(
  gpuDirectory: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<readonly CudaPart[]> {
  const named = foldersIn(environment.REFT_CUDA_LIBRARIES);
  const places = await systemPlaces([...named, ...foldersIn(environment.LD_LIBRARY_PATH)]);
  const part = (wheel: CudaWheel, find: (file: string) => string | undefined): CudaPart => {
    const own = join(gpuDirectory, `${wheel.project}-${wheel.version}`);
    const folders = wheel.files.map((file) => (existsSync(join(own, file)) ? own : find(file)));
    const found = folders.filter((folder) => folder !== undefined);
    return { wheel, own, folders: found.length === wheel.files.length ? [...new Set(found)] : [] };
  };
  return [
    // A provider belongs to one core library: only folders that were named for it have both.
    part(provider, (file) => named.find((folder) => [core, file].every((one) => existsSync(join(folder, one))))),
    ...cudaLibraries.map((wheel) => part(wheel, places)),
  ];
}

/** onnxruntime's core library, which has to lie beside the provider. */
export const core = 'libonnxruntime.so.1';

/** The value of REFT_CUDA_LIBRARIES for these parts: the folders of all that are there. */
export function cudaFolders(parts: readonly CudaPart[]): string {
  return [...new Set(parts.flatMap(({ folders }) => folders))].join(delimiter);
}

/** GPUs with a driver that answers; empty where there is none. */
export async function findGpus(): Promise<readonly Gpu[]> {
  const fields = 'index,name,driver_version,memory.total';
  const text = await runToEnd('nvidia-smi', [`--query-gpu=${fields}`, '--format=csv,noheader,nounits']).catch(() => '');
  return text.split('\n').flatMap((line) => {
    const [index, name, driver, mebibytes] = line.split(',').map((field) => field.trim());
    if (!name || !driver) return [];
    return [{ index: Number(index), name, driver, memoryBytes: Number(mebibytes) * 2 ** 20 }];
  });
}

/** Where an installed CUDA keeps its libraries, beside what the system's loader knows. */
const installed = ['/usr/local/cuda/lib64', '/usr/local/cuda-13/lib64', '/usr/local/nvidia/lib64'];

/** A function that tells in which folder the system has a library. */
async function systemPlaces(first: readonly string[]): Promise<(file: string) => string | undefined> {
  const cache = await runToEnd('ldconfig', ['-p']).catch(() => '');
  const known = new Map(
    [...cache.matchAll(/^\s*(\S+) \(.*x86-64.*\) => (\S+)$/gm)].map(([, file = '', path = '']) => [
      file,
      dirname(path),
    ]),
  );
  return (file) => {
    const inFolder = (folder: string): boolean => existsSync(join(folder, file));
    return first.find(inFolder) ?? known.get(file) ?? installed.find(inFolder);
  };
}

function foldersIn(list: string | undefined): readonly string[] {
  return (list ?? '').split(delimiter).filter((folder) => folder !== '');
}
