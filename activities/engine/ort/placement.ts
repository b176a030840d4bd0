/**
 * Where tensors are between runs: training and decoding say which of them should stay on the device. On the CPU, which computes in the
 * arrays themselves, there is nothing to do.
 */
import { clear, fetch, leaveBuffers, place, reserve } from './memory/twins.js';

export { copyTwins as copyOnDevice, type StridedArray, trimTwins as trimDevice } from './memory/twins.js';

import { changedOnHost, toHost as fromNode, toDevice } from './residentTensors.js';
import { provenMode } from './runInPlace.js';
import type { Tensors } from './session.js';

/** Copies tensors to the device that are not there, once for all runs that read or update them. */
export async function placeOnDevice(tensors: Tensors): Promise<void> {
  const mode = await provenMode();
  if (mode === 'resident') place(tensors);
  if (mode === 'onDevice') await toDevice(tensors);
}

/** Places buffers whose contents are undefined until a run writes them. */
export async function reserveOnDevice(buffers: readonly ArrayBuffer[]): Promise<void> {
  if ((await provenMode()) === 'resident') reserve(buffers);
}

/** Places tensors of zeros that runs update. */
export async function placeZeros(tensors: Tensors): Promise<void> {
  if ((await provenMode()) !== 'resident') return;
  place(tensors, 'zeros');
}

/** Copies what the device has written into the arrays, so that they may be read. They stay on the device. */
export async function toHost(tensors: Tensors): Promise<void> {
  fetch(tensors);
  await fromNode(tensors);
}

/** Fills float32 tensors with zeros, wherever they are. */
export function fillWithZeros(tensors: Tensors): void {
  clear(tensors);
  changedOnHost(tensors);
}

/** Frees what the device holds for buffers, which are not read any more. */
export function leaveDevice(buffers: readonly ArrayBufferLike[]): void {
  leaveBuffers(buffers);
}
