/** Symbolic shapes: products in canonical form, broadcasting, and reshapes that are settled only at run time. */
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { serialise } from '../../../../activities/engine/graph/onnx/serialise.js';
import { matmul, reshape } from '../../../../activities/engine/graph/operators.js';
import { broadcastAxes, broadcastShape, product, type Shape } from '../../../../activities/engine/graph/shape.js';
import { createSession } from '../../../../activities/engine/ort/session.js';

describe('product', () => {
  it('is the same however the factors are grouped and ordered', () => {
    expect(product([2, 'time', 3, 'batch'])).toBe('6*batch*time');
    expect(product(['batch*time', 6])).toBe(product(['2*time', '3*batch']));
    expect(product([1, 'batch'])).toBe('batch');
    expect(product([])).toBe(1);
  });
});

describe('broadcastShape', () => {
  it('stretches ones and missing leading axes', () => {
    expect(broadcastShape(['batch', 1, 3], [4, 1])).toEqual(['batch', 4, 3]);
    expect(broadcastShape([], ['batch'])).toEqual(['batch']);
  });

  it('refuses sizes that differ, and dynamic ones that might', () => {
    expect(() => broadcastShape([2], [3])).toThrow('[2] and [3]');
    expect(() => broadcastShape(['batch'], ['time'])).toThrow('[batch] and [time]');
  });

  it('knows the axes that a gradient is summed over', () => {
    expect(broadcastAxes(['batch', 4, 3], [4, 1])).toEqual([0, 2]);
    expect(broadcastAxes(['batch', 1], ['batch', 1])).toEqual([]);
  });
});

describe('reshape', () => {
  const values = Float32Array.from({ length: 48 }, (_, index) => index);

  it.each<{ from: Shape; to: Shape; dims: number[] }>([
    { from: ['batch', 'time', 8], to: ['batch*time', 8], dims: [6, 8] },
    { from: ['batch', 'time', 8], to: ['batch', 'time', 2, 4], dims: [2, 3, 2, 4] },
    { from: ['batch', 'time', 8], to: [8, 'time', 'batch'], dims: [8, 3, 2] },
    { from: ['batch', 'time', 8], to: [2, '4*batch*time'], dims: [2, 24] },
  ])('of $from to $to keeps the values in order', async ({ from, to, dims }) => {
    const graph = createGraph();
    const x = input(graph, 'x', 'float32', from);
    output(reshape(x, to), 'y');
    const session = await createSession(serialise(graph));
    const { y } = await session.run({ x: new Tensor('float32', values, [2, 3, 8]) });
    await session.release();
    expect(y?.dims).toEqual(dims);
    expect(y?.data).toEqual(values);
  });

  it('refuses another number of elements', () => {
    const x = input(createGraph(), 'x', 'float32', ['batch', 8]);
    expect(() => reshape(x, ['batch', 4])).toThrow('[batch, 8] to [batch, 4]');
  });
});

describe('matmul', () => {
  it('refuses inner dimensions that differ, naming both shapes', () => {
    const graph = createGraph();
    const a = input(graph, 'a', 'float32', ['batch', 3]);
    const b = input(graph, 'b', 'float32', ['batch', 3]);
    expect(() => matmul(a, b)).toThrow('[batch, 3] and [batch, 3]');
    expect(matmul(a, b, { transposeB: true }).shape).toEqual(['batch', 'batch']);
  });
});
