/** `reft gpu`: what this machine lacks for a CUDA device, and the fetching of it. */

import { gibibytes } from '../../activities/gibibytes.js';
import type { Finding } from '../../infra/doctor.js';
import { type CudaPart, cudaParts, findGpus, type Gpu, hasCudaBuild, isThere } from '../../infra/gpu/cudaParts.js';
import { oldestDriver } from '../../infra/gpu/cudaWheels.js';
import { mebibytes, obtainCuda } from '../../infra/gpu/obtainCuda.js';
import { log } from '../log.js';
import { gpuDirectory } from './obtainedCuda.js';
import { printTable } from './printTable.js';

/**
 * @param dryRun only says what would be fetched
 * @returns the process's exit code: 1 where CUDA's files are not all there at the end. A driver may come later: an image for containers is
 * built without one.
 */
export async function gpu({ dryRun = false }: { readonly dryRun?: boolean }): Promise<number> {
  if (!hasCudaBuild) {
    console.log(`onnxruntime has no CUDA provider for ${process.platform} ${process.arch}: REFT_DEVICE=webgpu may do`);
    return 1;
  }
  const gpus = await findGpus();
  const parts = await cudaParts(gpuDirectory);
  printTable([...gpuFindings(gpus), ...parts.map(partFinding)]);
  const missing = parts.filter((part) => !isThere(part));
  const bytes = missing.reduce((total, { wheel }) => total + wheel.bytes, 0);
  if (missing.length > 0 && dryRun) console.log(`To fetch: ${mebibytes(bytes)} MiB, into ${gpuDirectory}`);
  if (missing.length > 0 && dryRun) return 1;
  await obtainCuda(parts, log);
  console.log('All files are there. REFT_DEVICE=cuda npx reft doctor tries the device.');
  return 0;
}

const isDriven = ({ driver }: Gpu): boolean => Number.parseInt(driver, 10) >= oldestDriver;

function gpuFindings(gpus: readonly Gpu[]): readonly Finding[] {
  const advice = `install NVIDIA’s driver, ${oldestDriver} or later`;
  if (gpus.length === 0) return [{ name: 'gpu', status: 'missing', detail: `nvidia-smi finds none: ${advice}` }];
  return gpus.map((one) => {
    const { index, name, driver, memoryBytes } = one;
    const status = isDriven(one) ? 'found' : 'missing';
    const old = status === 'found' ? '' : `, which is too old: ${advice}`;
    return { name: `gpu ${index}`, status, detail: `${name}, ${gibibytes(memoryBytes)}, driver ${driver}${old}` };
  });
}

function partFinding(part: CudaPart): Finding {
  const { project, version, purpose, bytes } = part.wheel;
  return isThere(part)
    ? { name: project, status: 'found', detail: `${purpose}: ${part.folders.join(', ')}` }
    : { name: project, status: 'absent', detail: `${purpose}: ${version} is fetched, ${mebibytes(bytes)} MiB` };
}
