/**
 * What a run may take of its device's memory. It is chosen once, before the first step, and kept with the run: how batches are split
 * follows from it, and with that the last bits of every sum. So it does not matter which machine takes a step.
 */
import { chosenDevice, type DeviceName } from '../ort/devices.js';
import { machine } from '../ort/machine.js';
import { deviceMemory } from '../ort/memory/twins.js';
import { enginesHere } from '../ort/session.js';

/** In bytes. */
export interface MemoryBudget {
  /** For weights, the optimiser's state, gradients, activations, and what policy training scores with. */
  readonly training: number;
  /** One run of a graph stays below this where its batch can be split. */
  readonly microBatch: number;
  /** For the keys and values of answers that are decoded together. */
  readonly cache: number;
}

/** A device's memory, as far as this engine may use it. */
export interface DeviceRoom {
  readonly device: DeviceName;
  readonly bytes: number;
}

/** Of the machine's memory: the rest is for freed blocks that onnxruntime keeps, caches and other processes. */
const usableShare = 1 / 2;
/** Of a GPU's free memory: the rest is for CUDA's own and for what falls between blocks. */
const usableShareOfGpu = 0.9;
/** Of what training may take: larger runs are no faster on a CPU. */
const microBatchShare = 1 / 4;
/** More rows than this holds make a step on a CPU no faster. */
const cacheOnCpu = 2 ** 30;
/** Of what training may take: beside the cache there are the weights. */
const cacheShareOfGpu = 1 / 2;

/** Fixed by the device's size, whatever else runs. */
export function budgetOf({ device, bytes }: DeviceRoom): MemoryBudget {
  if (device === 'cuda') {
    const training = Math.floor(usableShareOfGpu * bytes);
    return { training, microBatch: training, cache: Math.floor(cacheShareOfGpu * training) };
  }
  const training = Math.floor(usableShare * bytes);
  return { training, microBatch: Math.floor(microBatchShare * training), cache: cacheOnCpu };
}

/** onnxruntime's arena rounds blocks up and keeps freed ones for other sizes. */
export const arenaSlack = 1.2;

/** Of a micro-batch's bytes: what a pass that scores answers may take. With a large vocabulary far fewer tokens fit than would be fast. */
export const passShare = 1 / 2;

/** What of a GPU was free when this process first asked: later it has memory of its own there. */
let freeOnGpu: number | undefined;

/** What is free on the GPU, or the machine's memory (the container's), divided among the engines here. */
export function deviceRoom(): DeviceRoom {
  if (chosenDevice().memory !== 'cuda') return { device: 'cpu', bytes: machine.memoryBytes / enginesHere() };
  freeOnGpu ??= deviceMemory().room().free;
  return { device: 'cuda', bytes: freeOnGpu / enginesHere() };
}

/** For tasks that no run has planned. */
export function machineBudget(): MemoryBudget {
  return budgetOf(deviceRoom());
}

/** The largest micro-batch whose step, and the pass that scores for the next beside it, take no more than this together. */
export function leftForMicroBatch(bytes: number): number {
  return Math.max(1, Math.floor(bytes / (arenaSlack * (1 + passShare))));
}

/** What is tried once where memory ran out: micro-batches and caches of half the size. */
export function halved({ training, microBatch, cache }: MemoryBudget): MemoryBudget {
  return { training, microBatch: Math.floor(microBatch / 2), cache: Math.floor(cache / 2) };
}
