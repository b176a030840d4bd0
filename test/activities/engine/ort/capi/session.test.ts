/** onnxruntime through its C API: the library that is found, its errors as ours, and that nothing is kept. */
import { describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../../activities/engine/graph/graph.js';
import { serialise } from '../../../../../activities/engine/graph/onnx/serialise.js';
import { matmul } from '../../../../../activities/engine/graph/operators.js';
import { loadLibrary, nodesLibraryPath } from '../../../../../activities/engine/ort/capi/library.js';
import { createBoundSession } from '../../../../../activities/engine/ort/capi/session.js';
import { failureOf } from '../../../../../activities/engine/ort/capi/status.js';
import { float32 } from '../../../../../activities/engine/ort/tensors.js';
import { InternalError, OutOfMemory, UnavailableDevice } from '../../../../../activities/errors.js';

function square(): Uint8Array {
  const graph = createGraph();
  const x = input(graph, 'x', 'float32', ['n', 'n']);
  output(matmul(x, x), 'squared');
  return serialise(graph);
}

describe('the library', () => {
  it('is the one of onnxruntime-node, on each of its platforms', () => {
    expect(nodesLibraryPath('linux', 'x64')).toMatch(/linux.x64.libonnxruntime\.so\.1$/);
    expect(nodesLibraryPath('linux', 'arm64')).not.toBeNull();
    expect(nodesLibraryPath('darwin', 'arm64')).not.toBeNull();
    expect(nodesLibraryPath('win32', 'x64')).not.toBeNull();
    expect(nodesLibraryPath('linux', 'riscv64')).toBeNull();
    expect(nodesLibraryPath('aix', 'x64')).toBeNull();
  });

  it('is refused where there is none, or it is another', () => {
    expect(() => loadLibrary(null)).toThrow(UnavailableDevice);
    expect(() => loadLibrary('/lib/x86_64-linux-gnu/libm.so.6')).toThrow();
  });
});

describe('a status', () => {
  it.each([
    ['Failed to allocate memory for requested buffer of size 1099511627776', 6, OutOfMemory],
    ['CUDA failure 2: out of memory', 11, OutOfMemory],
    ['CUDA failure 700: an illegal memory access was encountered', 11, UnavailableDevice],
    ['Unexpected input data type', 2, InternalError],
  ])('%s (%i) is a failure with a type', (message, code, type) => {
    const error = failureOf(code, message, 'RunWithBinding', 'cuda');
    expect(error).toBeInstanceOf(type);
    expect(error.message).toContain(message);
  });

  it('is thrown by the function that gave it', () => {
    expect(() => createBoundSession(Uint8Array.of(1, 2, 3), 1)).toThrow(/refused CreateSessionFromArray \(code 7\)/);
  });
});

describe('a session', () => {
  it('tells the shapes of its outputs', () => {
    const session = createBoundSession(square(), 1);
    expect([...session.outputShapes]).toEqual([['squared', [-1, -1]]]);
    session.release();
  });

  it('is released once, however often it is asked, and runs no more', () => {
    const session = createBoundSession(square(), 1);
    const x = float32(new Float32Array(4), [2, 2]);
    const bound = session.bind({ x }, { squared: float32(new Float32Array(4), [2, 2]) });
    bound.release();
    bound.release();
    expect(() => bound.run()).toThrow(/was released/);
    session.release();
    session.release();
    expect(() => session.bind({ x }, {})).toThrow(/was released/);
  });

  it('keeps nothing after 500 times create, run and release', () => {
    const model = square();
    const [x, squared] = [
      float32(new Float32Array(250_000).fill(1), [500, 500]),
      float32(new Float32Array(250_000), [500, 500]),
    ];
    const cycle = (): void => {
      const session = createBoundSession(model, 1);
      const bound = session.bind({ x }, { squared });
      bound.run();
      bound.release();
      session.release();
    };
    for (let warmUp = 0; warmUp < 50; warmUp++) cycle();
    const before = process.memoryUsage.rss();
    for (let times = 0; times < 500; times++) cycle();
    // An array of a run that was kept would be 1 MB a time.
    expect(process.memoryUsage.rss() - before).toBeLessThan(50e6);
    expect(squared.data[0]).toBe(500);
  });
});
