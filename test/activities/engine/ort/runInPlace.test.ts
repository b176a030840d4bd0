/** Runs whose results onnxruntime writes where they are wanted, in each of the CPU's modes. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createGraph, type Graph, input, output } from '../../../../activities/engine/graph/graph.js';
import { add, multiply } from '../../../../activities/engine/graph/operators.js';
import { devices, rehearsals } from '../../../../activities/engine/ort/devices.js';
import { createInPlaceSession, type InPlaceSession, runInPlace } from '../../../../activities/engine/ort/runInPlace.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';

function doubleAndAdd(): Graph {
  const graph = createGraph();
  const x = input(graph, 'x', 'float32', ['n', 2]);
  const y = input(graph, 'y', 'float32', ['n', 2]);
  output(multiply(x, 2), 'doubled');
  output(add(x, y), 'total');
  return graph;
}

describe.each([...devices.cpu.modes, ...rehearsals['cpu-resident'].modes])('runInPlace (%s)', (mode) => {
  let session: InPlaceSession;
  beforeAll(async () => {
    if (mode === 'resident') vi.stubEnv('REFT_DEVICE', 'cpu-resident');
    session = await createInPlaceSession(doubleAndAdd(), mode);
  });
  afterAll(async () => {
    await session.release();
    vi.unstubAllEnvs();
  });

  it('writes results where they are wanted, inputs included', async () => {
    // A view in the middle of a larger buffer, as a tensor of a safetensors file is.
    const backing = Float32Array.of(9, 9, 1, 2, 3, 4, 9);
    const x = float32(backing.subarray(2, 6), [2, 2]);
    const y = float32(Float32Array.of(10, 20, 30, 40), [2, 2]);
    for (let run = 0; run < 3; run++) await runInPlace(session, { x, y }, { doubled: x });
    expect([...backing]).toEqual([9, 9, 8, 16, 24, 32, 9]);
    const total = float32(new Float32Array(4), [2, 2]);
    await runInPlace(session, { x, y }, { total });
    expect([...(total.data as Float32Array)]).toEqual([18, 36, 54, 72]);
  });

  it('runs many times on arrays that are bound once', async () => {
    const x = float32(Float32Array.of(1, 2), [1, 2]);
    const bound = session.bind({ x, y: x }, { doubled: x });
    for (let run = 0; run < 10; run++) await bound.run();
    bound.release();
    expect([...(x.data as Float32Array)]).toEqual([1_024, 2_048]);
  });

  it('reports a shape that does not fit', async () => {
    const x = float32(new Float32Array(4), [2, 2]);
    const total = float32(new Float32Array(6), [3, 2]);
    await expect(runInPlace(session, { x, y: x }, { total })).rejects.toThrow(/2/);
    await expect(runInPlace(session, { x, y: total }, { doubled: x })).rejects.toThrow();
  });

  it('reports an output that the graph does not have', async () => {
    const x = float32(new Float32Array(4), [2, 2]);
    await expect(runInPlace(session, { x, y: x }, { tripled: x })).rejects.toThrow(/tripled/);
  });
});
