/** Threads that do one piece of work: what they ask, what they throw, and what they may take of memory. */
import { describe, expect, it } from 'vitest';
import { runInThread } from '../../../activities/data/thread/runInThread.js';

describe('a thread', () => {
  const options = {
    module: new URL('threadWork.ts', import.meta.url),
    services: { double: async (value: number) => 2 * value },
    megabytes: 64,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  };

  it('asks the other side, and hands over what it throws by name', async () => {
    expect(await runInThread({ ...options, input: { double: 21 } })).toBe(42);
    await expect(runInThread({ ...options, input: { fail: 'no such file' } })).rejects.toMatchObject({
      name: 'InvalidData',
      message: 'no such file',
    });
  });

  it('that outgrows its memory fails alone, and is not tried again', async () => {
    await expect(runInThread({ ...options, input: { grow: true } })).rejects.toMatchObject({
      name: 'InsufficientMemory',
    });
  });
});
