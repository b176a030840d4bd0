/** The engine's self-test where the binding does not do what the engine relies on: it says so, falls back, and the numbers stay. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { InferenceSession } from 'onnxruntime-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { add } from '../../../../activities/engine/graph/operators.js';
import { createBoundSession as createSession } from '../../../../activities/engine/ort/capi/session.js';
import { devices } from '../../../../activities/engine/ort/devices.js';
import type { SelfTest } from '../../../../activities/engine/ort/runInPlace.js';
import { sessionOptions } from '../../../../activities/engine/ort/session.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';

type Create = (model: Uint8Array, options?: InferenceSession.SessionOptions) => Promise<InferenceSession>;

const create = InferenceSession.create.bind(InferenceSession) as Create;
afterEach(() => {
  InferenceSession.create = create as typeof InferenceSession.create;
  vi.doUnmock(boundSessions);
  vi.unstubAllEnvs();
});

const boundSessions = '../../../../activities/engine/ort/capi/session.js';

/** A fresh engine, as a new process has it, whose C API gives other sessions. */
async function engineWith(createBoundSession: typeof createSession) {
  vi.doMock(boundSessions, () => ({ createBoundSession }));
  return freshEngine();
}

async function freshEngine() {
  vi.resetModules();
  return import('../../../../activities/engine/ort/runInPlace.js');
}

/** Two runs of x ← x + y, by whatever mode the self-test finds. */
async function addTwice({ createInPlaceSession, runInPlace }: Awaited<ReturnType<typeof freshEngine>>) {
  const graph = createGraph();
  output(add(input(graph, 'x', 'float32', ['n']), input(graph, 'y', 'float32', ['n'])), 'updated.x');
  const session = await createInPlaceSession(graph);
  const [x, y] = [float32(Float32Array.of(1, 2), [2]), float32(Float32Array.of(10, 20), [2])];
  for (let run = 0; run < 2; run++) await runInPlace(session, { x, y }, { 'updated.x': x });
  await session.release();
  return [...(x.data as Float32Array)];
}

const withoutLibrary: typeof createSession = () => {
  throw new Error('onnxruntime-node has no library for this platform');
};

/** Its runs leave the arrays as they are. */
const computingNothing: typeof createSession = (model, threads) => {
  const session = createSession(model, threads);
  return { ...session, bind: () => ({ run: () => undefined, release: () => undefined }) };
};

describe('the self-test', () => {
  it('finds, as a process starts, that the C API works with the pinned library', async () => {
    const engine = new URL('../../../../activities/engine/ort/runInPlace.ts', import.meta.url).href;
    const script = `import { selfTest } from '${engine}'; console.log(JSON.stringify(await selfTest()));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', '--input-type=module', '--eval', script],
    ]);
    const { mode, milliseconds }: SelfTest = JSON.parse(stdout);
    expect(mode).toBe('bound');
    // Idle about 40 ms. How long it takes on a busy machine says nothing; a test that trains a model would take longer.
    expect(milliseconds).toBeLessThan(10_000);
  });

  it.each([
    ['cannot be loaded', withoutLibrary],
    ['computes wrongly', computingNothing],
  ])('falls back to copies where the library %s, to the same numbers', async (_, createBoundSession) => {
    const engine = await engineWith(createBoundSession);
    expect((await engine.selfTest()).mode).toBe('copyBack');
    expect(await addTwice(engine)).toEqual([21, 42]);
  });

  it('gives the device up where no way computes rightly', async () => {
    InferenceSession.create = (async (model: Uint8Array, options?: InferenceSession.SessionOptions) => {
      const session = await create(model, options);
      session.run = async () => ({});
      return session;
    }) as typeof InferenceSession.create;
    const engine = await engineWith(withoutLibrary);
    await expect(engine.selfTest()).rejects.toThrow(
      /REFT_DEVICE is "cpu": onnxruntime-node has no library .*; output /,
    );
  });

  it('names a device that is not there, and uses no other', async () => {
    vi.stubEnv('REFT_DEVICE', 'webgpu');
    InferenceSession.create = (() =>
      Promise.reject(new Error('Failed to get a WebGPU adapter'))) as typeof create as typeof InferenceSession.create;
    const engine = await freshEngine();
    await expect(addTwice(engine)).rejects.toMatchObject({
      name: 'UnavailableDevice',
      message: 'REFT_DEVICE is "webgpu": Failed to get a WebGPU adapter',
    });
  });
});

describe('sessions', () => {
  it('ask for the device named, with the CPU for what it lacks', () => {
    expect(sessionOptions(devices.cpu).executionProviders).toEqual(['cpu']);
    expect(sessionOptions(devices.cuda).executionProviders).toEqual(['cuda', 'cpu']);
    expect(sessionOptions(devices.webgpu).executionProviders).toEqual(['webgpu', 'cpu']);
  });
});
