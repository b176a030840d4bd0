/** The memory a step is expected to take: by hand on a small graph, against a real process, and what follows for batches. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { add, exp, multiply, reshape, sum } from '../../../../activities/engine/graph/operators.js';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import { memoryModel } from '../../../../activities/engine/training/memory.js';
import { type StepMemory, splitBatch } from '../../../../activities/engine/training/microBatches.js';
import { tinyConfig } from '../support/tinyConfig.js';
import type { PolicyMeasures, PolicyRequest } from './policyProcess.js';
import type { StepMeasures, StepRequest } from './stepProcess.js';

/** Takes two training steps, the second on the rows asked for, in a process of its own. */
function measureSteps(request: StepRequest): Promise<StepMeasures> {
  return runProcess('stepProcess.ts', request);
}

/** Takes two rounds of policy training in a process of its own. */
function measurePolicy(request: PolicyRequest): Promise<PolicyMeasures> {
  return runProcess('policyProcess.ts', request);
}

async function runProcess<Measures>(file: string, request: object): Promise<Measures> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, JSON.stringify(request)]);
  return JSON.parse(stdout);
}

describe('memoryModel', () => {
  it('counts what is alive at once and the largest once more, inputs and outputs not, reshaped tensors once', () => {
    const graph = createGraph();
    const x = input(graph, 'x', 'float32', ['rows', 10]);
    const a = exp(x);
    const b = exp(reshape(a, ['10*rows']));
    exp(b);
    const c = add(b, reshape(a, ['10*rows']));
    output(sum(multiply(c, c)), 'total');
    const peak = memoryModel(graph);
    // a, b and c, and one more of their size; the unread exp is left out of the graph.
    expect(peak({ rows: 1 })).toBe(4 * 40);
    expect(peak({ rows: 7 })).toBe(7 * 4 * 40);
    expect(() => peak({})).toThrow('the size of dimension rows is missing');
  });

  const sizes = { vocab_size: 512, hidden_size: 128, intermediate_size: 256, max_position_embeddings: 512 };
  it.each<[string, Omit<StepRequest, 'config'>, number]>([
    ['many short sequences, every weight', { rows: 48, prompt: 40, answer: 50, rank: 0 }, 4],
    ['few long sequences, attention over them', { rows: 6, prompt: 300, answer: 100, rank: 0 }, 4],
    ['LoRA', { rows: 48, prompt: 40, answer: 50, rank: 8 }, 4],
    ['a large vocabulary', { rows: 24, prompt: 20, answer: 60, rank: 0 }, 1],
  ])('is within a factor of 1.8 of what a process takes: %s', async (name, request, layers) => {
    const vocabulary = name === 'a large vocabulary' ? { vocab_size: 12_000 } : {};
    const config = { ...tinyConfig, ...sizes, ...vocabulary, num_hidden_layers: layers };
    const { measured, expected, peak, planned } = await measureSteps({ config, ...request });
    expect(measured / expected).toBeGreaterThan(0.9);
    expect(measured / expected).toBeLessThan(1.8);
    // What a run says before its first step, against the whole process.
    expect(peak / planned).toBeGreaterThan(0.8);
    expect(peak / planned).toBeLessThan(1.25);
  });

  it.each([
    ['PPO on every weight', 'ppo', 0],
    ['GRPO with LoRA', 'grpo', 8],
  ] as const)(
    'is announced for what policy training holds, reference and scoring included: %s',
    async (_, algorithm, rank) => {
      const wide = { vocab_size: 4_000, hidden_size: 512, intermediate_size: 1_408, max_position_embeddings: 128 };
      const config = { ...tinyConfig, ...wide, num_hidden_layers: 4 };
      const rounds = { algorithm, rollouts: 24, miniBatch: 8, prompt: 40, answer: 60, rank };
      const { peak, planned } = await measurePolicy({ config, ...rounds });
      expect(peak / planned).toBeGreaterThan(0.75);
      expect(peak / planned).toBeLessThan(1.3);
    },
  );

  it('has no copy of frozen weights', async () => {
    const config = { ...tinyConfig, hidden_size: 1_024, intermediate_size: 4_096, num_hidden_layers: 3 };
    const frozenBytes = 3 * 4 * (4 * 1_024 ** 2 + 3 * 1_024 * 4_096);
    const { grown } = await measureSteps({ config, rows: 1, prompt: 4, answer: 4, rank: 4 });
    expect(grown).toBeLessThan(frozenBytes / 4);
  });
});

describe('splitBatch', () => {
  const sequence = (prompt: number, answer: number): TokenSequence => ({
    prompt: new Array<number>(prompt).fill(2),
    answer: new Array<number>(answer).fill(3),
  });
  /** A byte a token, padding included, on top of 1,000 that stay, and 10 for sums. */
  const memory = (usable: number, run = Number.POSITIVE_INFINITY, workerThreads = 1): StepMemory => {
    const padded = ({ batch = 0, time = 0 }: Readonly<Record<string, number>>): number => batch * time;
    const held = { frozenWeights: 0, weights: 400, optimiserState: 600 };
    return { held, kept: 1_000, sums: 10, workerThreads, whole: padded, part: padded, usable, run };
  };
  const batch = [sequence(9, 2), sequence(2, 2), sequence(5, 6), sequence(1, 3), sequence(4, 1)];

  it('leaves a batch that fits whole as it is', () => {
    expect(splitBatch(batch, memory(1_050))).toEqual([[0, 1, 2, 3, 4]]);
  });

  it('puts sequences of like length together, as many as fit', () => {
    expect(splitBatch(batch, memory(1_049))).toEqual([
      [1, 3, 4],
      [0, 2],
    ]);
    expect(splitBatch([...batch, ...batch], memory(1_049))).toEqual([[1, 3, 6, 8, 4, 9], [0, 2, 5], [7]]);
  });

  it('keeps each run small where it can', () => {
    expect(splitBatch(batch, memory(1_100, 20))).toEqual([
      [1, 3, 4],
      [0, 2],
    ]);
    // Ten tokens are more than a run should have, but one sequence cannot be split.
    expect(splitBatch(batch, memory(1_100, 9))).toEqual([[1, 3], [4], [0], [2]]);
    expect(splitBatch([sequence(9, 2)], memory(1_100, 9))).toEqual([[0]]);
  });

  it('deals a batch out to workerThreads, tokens and lengths alike', () => {
    const lengths = [100, 20, 80, 40, 60, 120, 10, 110];
    const long = lengths.map((length) => sequence(length, 1));
    const inThreads = (workerThreads: number) =>
      splitBatch(long, memory(Number.POSITIVE_INFINITY, undefined, workerThreads));
    expect(inThreads(2)).toEqual([
      [2, 4, 5, 6],
      [0, 1, 3, 7],
    ]);
    const shares = inThreads(3);
    expect(shares.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const share of shares) expect(share.length).toBeGreaterThanOrEqual(2);
  });

  it('leaves a workerThread out that would have few tokens, or no sequence', () => {
    const inThreads = (batch: readonly TokenSequence[], workerThreads: number) =>
      splitBatch(batch, memory(Number.POSITIVE_INFINITY, undefined, workerThreads)).length;
    expect(inThreads(batch, 2)).toBe(1);
    expect(inThreads(new Array(4).fill(sequence(100, 1)), 8)).toBe(3);
    expect(inThreads(new Array(2).fill(sequence(500, 1)), 8)).toBe(2);
  });

  it('counts every workerThread at work on a batch that does not fit at once', () => {
    const long = new Array<TokenSequence>(8).fill(sequence(100, 1));
    expect(splitBatch(long, memory(2_000, 800, 2)).map(({ length }) => length)).toEqual([4, 4]);
    expect(splitBatch(long, memory(2_000, 799, 2)).map(({ length }) => length)).toEqual([3, 3, 2]);
    // Gradients of two worker threads, and a micro-batch of 300 tokens in each.
    expect(splitBatch(long, memory(1_620, 800, 2)).map(({ length }) => length)).toEqual([3, 3, 2]);
    expect(splitBatch(long, memory(1_619, 800, 2)).map(({ length }) => length)).toEqual([2, 2, 2, 2]);
  });

  it('refuses what cannot fit, with the bytes needed and available', () => {
    expect(() => splitBatch(batch, memory(1_019))).toThrow(
      expect.objectContaining({
        name: 'InsufficientMemory',
        message: expect.stringMatching(
          /one sequence of 10 tokens needs 1020 bytes of memory \(1000 bytes of them for weights and the optimiser's state\), 1019 bytes are available/,
        ),
      }),
    );
  });
});
