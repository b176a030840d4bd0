/**
 * The devices that graphs can run on. A process uses one of them for all its sessions: the one that REFT_DEVICE names.
 *
 * Graphs, losses and sampling are the same on all of them. An entry says how sessions are created and which operators its
 * execution provider lacks; `runInPlace.ts` uses it.
 */
import type { InferenceSession } from 'onnxruntime-node';
import { UnavailableDevice } from '../../errors.js';
import type { LackingKernels } from '../graph/emulate.js';
import { cachePreferences, kernelPreferences, type Preferences } from '../graph/preferences.js';

export const deviceNames = ['cpu', 'cuda', 'webgpu'] as const;
export type DeviceName = (typeof deviceNames)[number];

/** See `runInPlace.ts`. */
export type RunMode = 'bound' | 'resident' | 'onDevice' | 'copyBack';

export interface Device {
  readonly name: DeviceName | Rehearsal;
  /** The execution provider of sessions of the C API. */
  readonly provider: DeviceName;
  /** Which of several: `cuda:1` is the second. */
  readonly index: number;
  /** Whose memory tensors stay in between runs (`memory/`); null where it is not ours to use. */
  readonly memory: 'cuda' | 'ordinary' | null;
  readonly executionProviders: NonNullable<InferenceSession.SessionOptions['executionProviders']>;
  /**
   * Operators of our graphs without a kernel in the provider: onnxruntime would run them on the CPU and move their operands there
   * and back, so graphs are lowered to others. Scan is among them: it is for a CPU's cache (`graph/chunks.ts`).
   */
  readonly lacking: ReadonlySet<string>;
  /** Operators of our graphs in half precision without a kernel in the provider: they compute in float32 (`graph/emulate.ts`). */
  readonly lackingInHalf: LackingKernels;
  /** Whether kernels of our own run on it (`kernels/`), where they prove themselves. */
  readonly ownKernels: boolean;
  /** How its graphs are written. */
  readonly preferences: Preferences;
  /** How graphs may run on it, the fastest first: the first that works is taken. */
  readonly modes: readonly RunMode[];
}

const withoutBfloat16OnCuda =
  'Less LessOrEqual Greater GreaterOrEqual Equal Log Reciprocal LogSoftmax ReduceMax Pad CumSum ArgMax'.split(' ');

export const devices: { readonly [Name in DeviceName]: Device } = {
  cpu: {
    name: 'cpu',
    provider: 'cpu',
    index: 0,
    memory: null,
    executionProviders: ['cpu'],
    lacking: new Set(),
    // onnxruntime itself puts casts around what it lacks in float16.
    lackingInHalf: { float16: new Set(), bfloat16: 'all' },
    ownKernels: false,
    preferences: cachePreferences,
    modes: ['bound', 'copyBack'],
  },
  cuda: {
    name: 'cuda',
    provider: 'cuda',
    index: 0,
    memory: 'cuda',
    executionProviders: ['cuda', 'cpu'],
    lacking: new Set(['Scan']),
    lackingInHalf: { float16: new Set(), bfloat16: new Set(withoutBfloat16OnCuda) },
    ownKernels: true,
    preferences: kernelPreferences,
    modes: ['resident'],
  },
  webgpu: {
    name: 'webgpu',
    provider: 'webgpu',
    index: 0,
    memory: null,
    executionProviders: ['webgpu', 'cpu'],
    lacking: new Set(['FusedMatMul', 'LogSoftmax', 'Scan']),
    lackingInHalf: { float16: new Set(), bfloat16: 'all' },
    ownKernels: false,
    preferences: { ...cachePreferences, weightsOnTheLeft: false },
    modes: ['onDevice', 'copyBack'],
  },
};

const { provider, executionProviders, lackingInHalf } = devices.cpu;
const onCpu = { provider, executionProviders, lackingInHalf };

/**
 * Devices for tests, which every machine has: the CPU computing on tensors that stay in memory other than the arrays', as on a GPU.
 * `cuda-rehearsal` does all that `cuda` does but for the kernels; it needs a libcudart whose memory the CPU can read.
 */
export const rehearsals = {
  'cpu-resident': { ...devices.cpu, name: 'cpu-resident', memory: 'ordinary', modes: ['resident'] },
  'cuda-resident': { ...devices.cuda, ...onCpu, name: 'cuda-resident', memory: 'ordinary', ownKernels: false },
  'cuda-rehearsal': { ...devices.cuda, ...onCpu, name: 'cuda-rehearsal' },
} as const satisfies Readonly<Record<string, Device>>;

type Rehearsal = 'cpu-resident' | 'cuda-resident' | 'cuda-rehearsal';

const known: ReadonlyMap<string, Device> = new Map(Object.entries({ ...devices, ...rehearsals }));

/**
 * The device named by REFT_DEVICE, the CPU where it is not set. `cuda:1` is the second of several. With `REFT_CUDA_GRAPHS=off` it
 * records no steps.
 * @throws UnavailableDevice for any other name.
 */
export function chosenDevice(environment: NodeJS.ProcessEnv = process.env): Device {
  const name = environment.REFT_DEVICE || 'cpu';
  const [, kind = name, index = '0'] = /^(cuda):(\d+)$/.exec(name) ?? [];
  const device = known.get(kind);
  if (device === undefined)
    throw new UnavailableDevice(name, `there is no such device; allowed are ${deviceNames.join(', ')}`);
  const { fixedSteps } = device.preferences;
  const recording = { fixedSteps: fixedSteps && environment.REFT_CUDA_GRAPHS !== 'off' };
  return { ...device, index: Number(index), preferences: { ...device.preferences, ...recording } };
}
