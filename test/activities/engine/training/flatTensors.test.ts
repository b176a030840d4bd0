/** Where tensors lie in one array, by name and by kind. */
import { expect, it } from 'vitest';
import {
  flatArray,
  kindShapes,
  kindsIn,
  layFlat,
  tensorsIn,
} from '../../../../activities/engine/training/flatTensors.js';

const shapes = [
  ['gain', [5]],
  ['matrix', [3, 7]],
  ['bias', [2]],
  ['stack', [2, 2, 2]],
] as const;
const numbers = (length: number, from: number): Float32Array =>
  Float32Array.from({ length }, (_, index) => from + index);
const tensors = new Map([
  ['gain', { shape: [5], data: numbers(5, 100) }],
  ['matrix', { shape: [3, 7], data: numbers(21, 200) }],
  ['bias', { shape: [2], data: numbers(2, 300) }],
  ['stack', { shape: [2, 2, 2], data: numbers(8, 400) }],
  ['other', { shape: [1], data: numbers(1, 500) }],
]);

it('has matrices before vectors, each from a cache line on, and zeros in between', () => {
  const { array } = layFlat(tensors, shapes);
  const { matrices, vectors } = kindsIn(array, shapes);
  const padded = (...parts: readonly [number, number, number][]): number[] =>
    parts.flatMap(([length, from, space]) => [...numbers(length, from), ...new Array<number>(space - length).fill(0)]);
  expect([...(matrices?.data ?? [])]).toEqual(padded([21, 200, 32], [8, 400, 16]));
  expect([...(vectors?.data ?? [])]).toEqual(padded([5, 100, 16], [2, 300, 16]));
  expect(kindShapes(shapes)).toEqual([
    ['matrices', [1, 48]],
    ['vectors', [32]],
  ]);
});

it('is the same memory by name, with the tensors’ shapes; what has no place in it stays where it was', () => {
  const laid = layFlat(tensors, shapes);
  const { matrix } = tensorsIn(laid.array, shapes);
  expect(matrix?.dims).toEqual([3, 7]);
  laid.tensors.get('matrix')?.data.fill(-1);
  expect([...(matrix?.data ?? [])]).toEqual(new Array(21).fill(-1));
  expect(tensors.get('matrix')?.data[0]).toBe(200);
  expect(laid.tensors.get('other')?.data).toBe(tensors.get('other')?.data);
});

it('has but one kind where there is but one, and comes in pieces where it is large', () => {
  expect(kindShapes([['bias', [2]]])).toEqual([['vectors', [16]]]);
  const [[, shape] = ['', []]] = kindShapes([['table', [1_009, 997]]]);
  const size = shape[1] ?? 0;
  expect(size % 4).toBe(0);
  expect(size - 1_009 * 997).toBeLessThan(20);
  expect(flatArray([['table', [1_009, 997]]]).byteLength).toBe(4 * size);
});
