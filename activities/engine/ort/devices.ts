/**
 * The devices that graphs can run on. A process uses one of them for all its sessions: the one that REFT_DEVICE names.
 *
 * Graphs, losses and sampling are the same on all of them. An entry says how sessions are created and which operators its
 * execution provider lacks; `runInPlace.ts` uses it.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { UnavailableDevice } from '../../errors.js';

export const deviceNames = ['cpu', 'cuda', 'webgpu'] as const;
export type DeviceName = (typeof deviceNames)[number];

/** See `runInPlace.ts`. */
export type RunMode = 'bound' | 'onDevice' | 'copyBack';

export interface Device {
  readonly name: DeviceName;
  readonly executionProviders: NonNullable<InferenceSession.SessionOptions['executionProviders']>;
  /**
   * Operators of our graphs without a kernel in the provider: onnxruntime would run them on the CPU and move their operands there
   * and back, so graphs are lowered to others. Scan is among them: it is for a CPU's cache (`graph/chunks.ts`).
   */
  readonly lacking: ReadonlySet<string>;
  /** How graphs may run on it, the fastest first: the first that works is taken. */
  readonly modes: readonly RunMode[];
}

export const devices: { readonly [Name in DeviceName]: Device } = {
  cpu: { name: 'cpu', executionProviders: ['cpu'], lacking: new Set(), modes: ['bound', 'copyBack'] },
  cuda: { name: 'cuda', executionProviders: ['cuda', 'cpu'], lacking: new Set(['Scan']), modes: ['copyBack'] },
  webgpu: {
    name: 'webgpu',
    executionProviders: ['webgpu', 'cpu'],
    lacking: new Set(['FusedMatMul', 'LogSoftmax', 'Scan']),
    modes: ['onDevice', 'copyBack'],
  },
};

/**
 * The device named by REFT_DEVICE, the CPU where it is not set.
 * @throws UnavailableDevice for any other name.
 */
export function chosenDevice(environment: NodeJS.ProcessEnv = process.env): Device {
  const name = environment.REFT_DEVICE || 'cpu';
  const known = deviceNames.find((device) => device === name);
  if (known === undefined)
    throw new UnavailableDevice(name, `there is no such device; allowed are ${deviceNames.join(', ')}`);
  return devices[known];
}
