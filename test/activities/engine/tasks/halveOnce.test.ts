/** What a task does where memory runs out. */
import { describe, expect, it } from 'vitest';
import { halveOnce } from '../../../../activities/engine/tasks/halveOnce.js';
import { type MemoryBudget, machineBudget } from '../../../../activities/engine/training/memoryBudget.js';
import { InsufficientMemory, OutOfMemory } from '../../../../activities/errors.js';
import { quietContext } from '../modelFolder.js';

interface Sum {
  readonly input: { readonly memory?: MemoryBudget | undefined };
  readonly output: { readonly done: true; readonly halvedMemory?: MemoryBudget };
}

const memory = { training: 1_000, microBatch: 101, cache: 50 };
const half = { training: 1_000, microBatch: 50, cache: 25 };

/** Fails in turn with these, then succeeds; `seen` has the budgets it was given. */
function failingWith(...errors: readonly Error[]) {
  const seen: (MemoryBudget | undefined)[] = [];
  const task = halveOnce<Sum>(async (input) => {
    const error = errors[seen.length];
    seen.push(input.memory);
    if (error) throw error;
    return { done: true };
  });
  return { seen, run: (input: Sum['input']) => task(input, quietContext) };
}

describe('halveOnce', () => {
  it('leaves a task alone that has its memory', async () => {
    const { run } = failingWith();
    expect(await run({ memory })).toEqual({ done: true });
  });

  it.each([
    ['the C API', new OutOfMemory('onnxruntime ran out of memory: bad_alloc')],
    ['onnxruntime-node', new Error('BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer')],
    ['JavaScript', new RangeError('Array buffer allocation failed')],
  ])('begins again with half where %s has no more, and says so', async (_, error) => {
    const { run, seen } = failingWith(error);
    expect(await run({ memory })).toEqual({ done: true, halvedMemory: half });
    expect(seen).toEqual([memory, half]);
  });

  it('halves the machine’s where none was planned', async () => {
    const { run, seen } = failingWith(new OutOfMemory('of memory'));
    await run({});
    expect(seen[1]?.microBatch).toBe(Math.floor(machineBudget().microBatch / 2));
  });

  it('fails when half is too much as well, and does not try a third time', async () => {
    const { run, seen } = failingWith(new OutOfMemory('first'), new RangeError('Array buffer allocation failed'));
    await expect(run({ memory })).rejects.toThrow(
      expect.objectContaining({
        name: 'OutOfMemory',
        message:
          'memory ran out twice, the second time with runs of at most 50 bytes and a cache of at most 25 bytes: Array buffer allocation failed',
      }),
    );
    expect(seen).toHaveLength(2);
  });

  it.each([new InsufficientMemory('does not fit'), new RangeError('Invalid array length'), new Error('another')])(
    'lets other failures be: %s',
    async (error) => {
      const { run, seen } = failingWith(error);
      await expect(run({ memory })).rejects.toBe(error);
      expect(seen).toHaveLength(1);
    },
  );
});
