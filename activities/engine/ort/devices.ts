/**
 * The devices that graphs can run on, and which of them this process uses: one for all its sessions, named by REFT_DEVICE.
 *
 * Graphs, losses and sampling are the same on all of them. A device says how its sessions are made and what its execution
 * provider lacks; `runInPlace.ts` does the rest.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { UnavailableDevice } from '../../errors.js';

export const deviceNames = ['cpu', 'cuda', 'webgpu'] as const;
export type DeviceName = (typeof deviceNames)[number];

export interface Device {
  readonly name: DeviceName;
  readonly executionProviders: NonNullable<InferenceSession.SessionOptions['executionProviders']>;
  /**
   * Operators of our graphs that the provider has no kernel for: left as they are, onnxruntime would run them on the CPU and
   * move their operands there and back. Scan, which is for a processor's cache, is left to the CPU everywhere.
   */
  readonly lacking: ReadonlySet<string>;
  /** Whether outputs can stay on the device for the next run. Of GPU memory, the binding hands out WebGPU's buffers alone. */
  readonly keepsTensors: boolean;
}

export const devices: { readonly [Name in DeviceName]: Device } = {
  cpu: { name: 'cpu', executionProviders: ['cpu'], lacking: new Set(), keepsTensors: false },
  cuda: { name: 'cuda', executionProviders: ['cuda', 'cpu'], lacking: new Set(['Scan']), keepsTensors: false },
  webgpu: {
    name: 'webgpu',
    executionProviders: ['webgpu', 'cpu'],
    lacking: new Set(['FusedMatMul', 'LogSoftmax', 'Scan']),
    keepsTensors: true,
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
