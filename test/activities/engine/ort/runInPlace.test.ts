/** Runs whose results onnxruntime writes where they are wanted, in each of its modes. */
import type { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { serialise } from '../../../../activities/engine/graph/onnx/serialise.js';
import { add, multiply } from '../../../../activities/engine/graph/operators.js';
import { type RunMode, runInPlace } from '../../../../activities/engine/ort/runInPlace.js';
import { createSession } from '../../../../activities/engine/ort/session.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';

function doubleAndAdd(skipCopies: boolean): Uint8Array {
  const graph = createGraph();
  const x = input(graph, 'x', 'float32', ['n', 2]);
  const y = input(graph, 'y', 'float32', ['n', 2]);
  output(multiply(x, 2), 'doubled');
  output(add(x, y), 'total');
  return serialise(graph, { skipCopies });
}

let session: InferenceSession;
let sessionWithoutSequence: InferenceSession;
beforeAll(async () => {
  session = await createSession(doubleAndAdd(true));
  sessionWithoutSequence = await createSession(doubleAndAdd(false));
});
afterAll(async () => {
  await session.release();
  await sessionWithoutSequence.release();
});

describe('runInPlace', () => {
  const modes: RunMode[] = ['skipCopies', 'copyBack'];
  it.each(modes)('writes results where they are wanted, inputs included (%s)', async (mode) => {
    // A view in the middle of a larger buffer, as a tensor of a safetensors file is.
    const backing = Float32Array.of(9, 9, 1, 2, 3, 4, 9);
    const x = float32(backing.subarray(2, 6), [2, 2]);
    const y = float32(Float32Array.of(10, 20, 30, 40), [2, 2]);
    for (let run = 0; run < 3; run++) await runInPlace(session, { x, y }, { doubled: x }, mode);
    expect([...backing]).toEqual([9, 9, 8, 16, 24, 32, 9]);
    const total = float32(new Float32Array(4), [2, 2]);
    await runInPlace(session, { x, y }, { total }, mode);
    expect([...(total.data as Float32Array)]).toEqual([18, 36, 54, 72]);
  });

  it.each(modes)('reports a shape that does not fit (%s)', async (mode) => {
    const x = float32(new Float32Array(4), [2, 2]);
    const total = float32(new Float32Array(6), [3, 2]);
    await expect(runInPlace(session, { x, y: x }, { total }, mode)).rejects.toThrow(/2/);
    await expect(runInPlace(session, { x, y: total }, { doubled: x }, mode)).rejects.toThrow();
  });

  it('says when a model lacks the sequence that skips the copies', async () => {
    const x = float32(new Float32Array(4), [2, 2]);
    await expect(runInPlace(sessionWithoutSequence, { x, y: x }, { total: x }, 'skipCopies')).rejects.toThrow(
      /no output skip_copies/,
    );
  });
});
