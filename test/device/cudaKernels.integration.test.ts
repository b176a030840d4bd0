/** Every operator of every graph that the engine gives a CUDA device has a CUDA kernel in its types (`README.md` says how they were asked for). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emittedGraphs } from './emittedGraphs.js';
import { kernelsIn } from './kernels.js';

const table = readFileSync(new URL('cudaKernels.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const answers = new Map(table.map((line) => [line.slice(5), line.slice(0, 4).trim()]));
const needed = new Set(emittedGraphs().flatMap(({ graph }) => [...kernelsIn(graph).keys()]));

describe('the CUDA provider', () => {
  it('was asked for every kernel that graphs need', () => {
    const unasked = [...needed].filter((kernel) => !answers.has(kernel));
    expect(unasked, 'make cudaKernels.txt anew, as test/device/README.md says').toEqual([]);
  });

  it('has all of them', () => {
    expect([...needed].filter((kernel) => answers.get(kernel) !== 'cuda')).toEqual([]);
  });

  it('is asked for products, attention and sums in every precision', () => {
    const isNeeded = (kernel: string): boolean => [...needed].some((name) => name.startsWith(kernel));
    for (const type of ['float32', 'float16', 'bfloat16'])
      for (const operator of ['MatMul', 'com.microsoft.FusedMatMul', 'Softmax', 'ScatterND'])
        expect(isNeeded(`${operator} ${type}`)).toBe(true);
    for (const type of ['float16', 'bfloat16'])
      expect(isNeeded(`com.microsoft.GroupQueryAttention ${type}`)).toBe(true);
    // A cache in float32 is read by products.
    expect(isNeeded('com.microsoft.GroupQueryAttention float32')).toBe(false);
  });
});
