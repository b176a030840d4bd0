/** Random numbers against known answers and the moments of their distributions. */
import { describe, expect, it } from 'vitest';
import {
  fillNormal,
  permutation,
  philox,
  type RandomKey,
  randomWords,
  uniform,
} from '../../../../activities/engine/sampling/random.js';

describe('Philox4x32-10', () => {
  // Random123's published known answers (kat_vectors, philox4x32 with 10 rounds).
  const knownAnswers = [
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      expected: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      expected: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      expected: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const;
  it.each(knownAnswers)('matches the known answer for counter $counter', ({ counter, key, expected }) => {
    const words = new Uint32Array(4);
    philox(words, counter, key);
    expect([...words]).toEqual([...expected]);
  });
});

describe('random keys', () => {
  const base: RandomKey = { seed: 7, purpose: 'rollout', round: 1, example: 2, sample: 3, position: 4 };

  it('gives the same words for the same key and other words when any field changes', () => {
    expect(randomWords(base)).toEqual(randomWords({ ...base }));
    const variants: RandomKey[] = [
      { ...base, seed: 8 },
      { ...base, purpose: 'sample-test' },
      { ...base, round: 2 },
      { ...base, example: 3 },
      { ...base, sample: 4 },
      { ...base, position: 5 },
    ];
    const seen = new Set([base, ...variants].map((key) => randomWords(key).join()));
    expect(seen.size).toBe(7);
  });

  it.each([-1, 2 ** 32, 0.5, Number.NaN])('refuses the field value %s', (value) => {
    expect(() => uniform({ ...base, example: value })).toThrow(/example must be an integer/);
  });

  it('gives uniform numbers that float32 holds exactly, evenly spread', () => {
    const bins = new Array<number>(16).fill(0);
    for (let position = 0; position < 16_000; position++) {
      const value = uniform({ seed: 1, purpose: 'rollout', position });
      expect(value).toBe(Math.fround(value));
      const bin = Math.floor(value * 16);
      bins[bin] = (bins[bin] ?? Number.NaN) + 1;
    }
    const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 99.9 % point of chi-square with 15 degrees of freedom.
    expect(chiSquare).toBeLessThan(37.7);
  });
});

describe('fillNormal', () => {
  it('has the moments of a normal distribution, for a length no multiple of four', () => {
    const data = new Float32Array(100_003);
    fillNormal(data, 0.02, { seed: 3, purpose: 'initialise' });
    const moment = (power: number) => data.reduce((sum, value) => sum + (value / 0.02) ** power, 0) / data.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(moment(4)).toBeGreaterThan(2.85);
    expect(moment(4)).toBeLessThan(3.15);
    expect(data.every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
  });

  it('fills a prefix with the same numbers as a longer array', () => {
    const short = new Float32Array(5);
    const long = new Float32Array(50);
    fillNormal(short, 1, { seed: 3, purpose: 'initialise', example: 1 });
    fillNormal(long, 1, { seed: 3, purpose: 'initialise', example: 1 });
    expect(short).toEqual(long.slice(0, 5));
  });
});

describe('permutation', () => {
  it('holds every number once', () => {
    for (const count of [0, 1, 2, 17, 1000]) {
      const order = permutation(count, { seed: 1, purpose: 'order-sft' });
      expect([...order].sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
    }
  });

  it('makes the six orders of three equally often', () => {
    const counts = new Map<string, number>();
    for (let round = 0; round < 6000; round++) {
      const order = permutation(3, { seed: 1, purpose: 'order-sft', round }).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(6);
    // 99.9 % point of chi-square with 5 degrees of freedom.
    expect(chiSquare).toBeLessThan(20.5);
  });
});
