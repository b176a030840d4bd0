/**
 * Sessions whose tensors stay on the device: those with a twin (`../memory/twins.ts`) are bound where they lie, all others travel
 * with the run (`../memory/luggage.ts`).
 *
 * A training step binds a thousand tensors, nearly all of them where they were the step before. So a binding is kept from run to run,
 * and only what moved is bound again.
 */
import type { Tensor } from 'onnxruntime-node';
import { InternalError } from '../../../errors.js';
import { chosenDevice } from '../devices.js';
import { packLuggage } from '../memory/luggage.js';
import { bytesOf, deviceMemory, fetch, find, type Part } from '../memory/twins.js';
import type { Tensors } from '../session.js';
import { throwFailure } from './customOperators.js';
import type { Handle } from './functions.js';
import { given } from './library.js';
import { createNativeSession, memoryInfo, type NativeSession, theEnvironment } from './nativeSession.js';
import { createRecordings, mostRecordings, type Recordings } from './recordings.js';
import { type BoundRun, type BoundSession, valueOver } from './session.js';

/**
 * @param recorded whether a run is recorded once it is bound, and played from then on (`recordings.ts`). What it reads from this
 * process's memory must not change between the runs of a binding.
 * @throws as `createBoundSession`.
 */
export function createResidentSession(model: Uint8Array, operatorThreads: number, recorded = false): BoundSession {
  const create = sessionMaker(model, operatorThreads, recorded);
  let { session, recordings } = create();
  /** The binding of the run that ended last. */
  let idle: Binding | undefined;
  let bound = 0;
  let isReleased = false;
  /** Recordings go with their session. */
  const beginAnew = (): void => {
    idle?.release();
    idle = undefined;
    session.release();
    recordings?.release();
    ({ session, recordings } = create());
  };
  return {
    outputShapes: session.outputShapes,
    bind(feeds, results) {
      session.check();
      if (recordings && recordings.count >= mostRecordings && bound === 0) beginAnew();
      const kept = idle;
      idle = undefined;
      const run = bindResident({ session, recordings, kept }, feeds, results, (binding) => {
        bound--;
        idle?.release();
        idle = isReleased ? undefined : binding;
        if (isReleased) binding.release();
      });
      bound++;
      return run;
    },
    release() {
      if (isReleased) return;
      isReleased = true;
      idle?.release();
      idle = undefined;
      session.release();
      recordings?.release();
    },
  };
}

interface Recordable {
  readonly session: NativeSession;
  /** Null where runs are not recorded. */
  readonly recordings: Recordings | null;
}

/** Makes the session, and where it is recorded any number of them: only then is the model kept. */
function sessionMaker(model: Uint8Array, operatorThreads: number, recorded: boolean): () => Recordable {
  if (!recorded) {
    const session = createNativeSession(model, operatorThreads);
    return () => ({ session, recordings: null });
  }
  return () => {
    try {
      return { session: createNativeSession(model, operatorThreads, true), recordings: createRecordings() };
    } catch (error) {
      if (!(error instanceof InternalError)) throw error;
      // A graph with nodes that are not the provider's cannot be recorded. It runs all the same.
      return { session: createNativeSession(model, operatorThreads), recordings: null };
    }
  };
}

/** What a run is bound in. */
interface Bindable extends Recordable {
  /** A binding that no run has. */
  readonly kept: Binding | undefined;
}

/** @param leave given the binding when the run is released. */
function bindResident(
  { session, recordings, kept }: Bindable,
  feeds: Tensors,
  results: Tensors,
  leave: (binding: Binding) => void,
): BoundRun {
  const { api } = theEnvironment();
  const memory = deviceMemory();
  const [inHost, onDevice] = split(feeds, (name) => session.inputsInHost.has(name));
  const travels = (_: string, { data }: Tensor): boolean => find(bytesOf(data)) === null;
  const luggage = packLuggage(memory, split(onDevice, travels)[0], split(results, travels)[0]);
  const written: Part[] = [];
  const addressOf = ({ data }: Tensor): Handle => {
    const twin = find(bytesOf(data));
    const address = twin?.address ?? luggage.addressOf(data);
    if (address === undefined) throw new InternalError('an array without a place on the device');
    return address;
  };
  let binding = kept?.fits(feeds, results) ? kept : undefined;
  if (binding === undefined) kept?.release();
  let isReleased = false;
  try {
    binding ??= createBinding(session.handle);
    for (const [name, tensor] of Object.entries(inHost)) binding.input(name, tensor, null);
    for (const [name, tensor] of Object.entries(onDevice)) binding.input(name, tensor, addressOf(tensor));
    for (const [name, tensor] of Object.entries(results)) {
      binding.output(name, tensor, addressOf(tensor));
      const twin = find(bytesOf(tensor.data));
      if (twin) written.push(twin.part);
    }
  } catch (error) {
    binding?.release();
    luggage.release();
    throw error;
  }
  const bound = binding;
  return {
    run() {
      if (isReleased) throw new InternalError('a run that was released');
      session.check();
      fetch(inHost);
      const compute = (): void => {
        luggage.send();
        memory.settle();
        api.RunWithBinding(session.handle, bound.recording, bound.handle);
        throwFailure();
      };
      if (recordings && bound.recording === null) {
        bound.recording = recordings.next();
        // onnxruntime computes what it records more than once, and a run may write what it reads: what counts is the run after it.
        compute();
      }
      compute();
      for (const part of written) part.isNewer = true;
      luggage.receive();
    },
    release() {
      if (isReleased) return;
      isReleased = true;
      luggage.release();
      leave(bound);
    },
  };
}

function split(
  tensors: Tensors,
  isFirst: (name: string, tensor: Tensor) => boolean,
): [first: Tensors, others: Tensors] {
  const entries = Object.entries(tensors);
  return [
    Object.fromEntries(entries.filter(([name, tensor]) => isFirst(name, tensor))),
    Object.fromEntries(entries.filter(([name, tensor]) => !isFirst(name, tensor))),
  ];
}

interface Binding {
  readonly handle: Handle;
  /** Options of runs that play the recording of what is bound; null where there is none. */
  recording: Handle | null;
  /** Whether it has inputs and outputs of these names, and no others. */
  fits(feeds: Tensors, results: Tensors): boolean;
  /** @param address on the device; null for the array itself. */
  input(name: string, tensor: Tensor, address: Handle | null): void;
  output(name: string, tensor: Tensor, address: Handle): void;
  release(): void;
}

/** What is bound under a name: an address on the device, or an array. No array is kept alive by it. */
interface Slot extends Pick<Tensor, 'type' | 'dims'> {
  readonly address: Handle | null;
}

function createBinding(session: Handle): Binding {
  const { api } = theEnvironment();
  const { provider, index } = chosenDevice();
  deviceInfo ??= provider === 'cuda' ? memoryInfo('Cuda', index) : memoryInfo('Cpu', 0);
  hostInfo ??= memoryInfo('Cpu', 0);
  const [onDevice, inHost] = [deviceInfo, hostInfo];
  const handle = given((box) => api.CreateIoBinding(session, box));
  const [inputs, outputs] = [new Map<string, Slot>(), new Map<string, Slot>()];
  const binding: Binding = {
    handle,
    recording: null,
    fits: (feeds, results) => hasNames(inputs, feeds) && hasNames(outputs, results),
    input: (name, tensor, address) => put(inputs, api.BindInput, name, tensor, address),
    output: (name, tensor, address) => put(outputs, api.BindOutput, name, tensor, address),
    release: () => api.ReleaseIoBinding(handle),
  };
  const put = (
    slots: Map<string, Slot>,
    bind: (binding: Handle, name: string, value: Handle) => void,
    name: string,
    tensor: Tensor,
    address: Handle | null,
  ): void => {
    const slot = { address, type: tensor.type, dims: tensor.dims };
    const before = slots.get(name);
    // What is read from an array is bound anew, because the array may be another one with every run.
    if (before && address !== null && isSame(before, slot)) return;
    const value = address === null ? valueOver(api, inHost, tensor) : valueOver(api, onDevice, tensor, address);
    try {
      bind(handle, name, value);
    } finally {
      // The binding has a reference of its own.
      api.ReleaseValue(value);
    }
    slots.set(name, slot);
    if (address !== null) binding.recording = null;
  };
  return binding;
}

let deviceInfo: Handle | undefined;
let hostInfo: Handle | undefined;

function isSame(a: Slot, b: Slot): boolean {
  return (
    a.address === b.address &&
    a.type === b.type &&
    a.dims.length === b.dims.length &&
    a.dims.every((dimension, axis) => dimension === b.dims[axis])
  );
}

function hasNames(slots: ReadonlyMap<string, unknown>, tensors: Tensors): boolean {
  const names = Object.keys(tensors);
  return names.length === slots.size && names.every((name) => slots.has(name));
}
