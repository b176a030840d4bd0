/** Where tensors lie in one array, by name and by group. */
import { expect, it } from 'vitest';
import { createOptimiser } from '../../../../activities/engine/optim/index.js';
import type { UpdateRule } from '../../../../activities/engine/optim/optimiser.js';
import {
  flatArray,
  flatLayout,
  groupsIn,
  groupsWith,
  layFlat,
  tensorsIn,
} from '../../../../activities/engine/training/flatTensors.js';
import { gradientsAsMoments } from '../runGraph.js';

const shapes = [
  ['matrix', [3, 7]],
  ['gain', [5]],
  ['stack', [2, 2, 2]],
  ['bias', [2]],
] as const;
const numbers = (length: number, from: number): Float32Array =>
  Float32Array.from({ length }, (_, index) => from + index);
const padded = (...parts: readonly [number, number, number][]): number[] =>
  parts.flatMap(([length, from, space]) => [...numbers(length, from), ...new Array<number>(space - length).fill(0)]);
const tensors = new Map([
  ['matrix', { shape: [3, 7], data: numbers(21, 200) }],
  ['gain', { shape: [5], data: numbers(5, 100) }],
  ['stack', { shape: [2, 2, 2], data: numbers(8, 400) }],
  ['bias', { shape: [2], data: numbers(2, 300) }],
  ['other', { shape: [1], data: numbers(1, 500) }],
]);
const adamw = createOptimiser(gradientsAsMoments);
const layout = flatLayout(shapes, adamw);

it('has parameters of a rule together, each from a cache line on, and zeros in between', () => {
  const { matrices, vectors } = groupsIn(layFlat(tensors, layout).array, layout);
  expect([...(matrices?.data ?? [])]).toEqual(padded([21, 200, 32], [8, 400, 16]));
  expect([...(vectors?.data ?? [])]).toEqual(padded([5, 100, 16], [2, 300, 16]));
  expect(layout.map(({ name, shape }) => [name, shape])).toEqual([
    ['matrices', [48]],
    ['vectors', [32]],
  ]);
});

it('has parameters apart whose numbers are not updated each by itself, and of a state those that have it', () => {
  const whole: UpdateRule = { name: 'whole', state: ['u'], elementwise: false };
  const mixed = flatLayout(shapes, { ruleOf: (name, shape) => (shape.length > 1 ? whole : adamw.ruleOf(name, shape)) });
  expect(mixed.map(({ name, shape }) => [name, shape])).toEqual([
    ['matrix', [3, 7]],
    ['vectors', [32]],
    ['stack', [2, 2, 2]],
  ]);
  const { array } = layFlat(tensors, mixed);
  expect([...(groupsIn(array, mixed).stack?.data ?? [])]).toEqual([...numbers(8, 400)]);
  expect([...(tensorsIn(array, mixed).bias?.data ?? [])]).toEqual([300, 301]);
  const state = new Map(Array.from(tensors, ([name, tensor]) => [`u.${name}`, tensor]));
  const laid = layFlat(state, groupsWith(mixed, 'u'), 'u.');
  expect([...laid.tensors.keys()]).toEqual(['u.matrix', 'u.stack']);
  expect([...(laid.tensors.get('u.stack')?.data ?? [])]).toEqual([...numbers(8, 400)]);
});

it('is the same memory by name, with the tensors’ shapes', () => {
  const laid = layFlat(tensors, layout);
  const { matrix } = tensorsIn(laid.array, layout);
  expect(matrix?.dims).toEqual([3, 7]);
  laid.tensors.get('matrix')?.data.fill(-1);
  expect([...(matrix?.data ?? [])]).toEqual(new Array(21).fill(-1));
  expect(tensors.get('matrix')?.data[0]).toBe(200);
});

it('comes in pieces where it is large', () => {
  const large = flatLayout([['table', [1_009, 997]]], adamw);
  const [size = 0] = large[0]?.shape ?? [];
  expect(size % 4).toBe(0);
  expect(size - 1_009 * 997).toBeLessThan(20);
  expect(flatArray(large).byteLength).toBe(4 * size);
});
