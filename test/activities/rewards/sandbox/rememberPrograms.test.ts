/** Programs that have run before are not run again, as a pool that only records what it is asked shows. */
import { describe, expect, it } from 'vitest';
import type { ProgramOutcome } from '../../../../activities/rewards/sandbox/outcome.js';
import type { SandboxPool } from '../../../../activities/rewards/sandbox/pool.js';
import { rememberPrograms } from '../../../../activities/rewards/sandbox/rememberPrograms.js';

const failing: Readonly<Record<string, ProgramOutcome>> = {
  endless: { ok: false, failure: 'timeout', detail: 'over 2 s' },
  large: { ok: false, failure: 'memory', detail: '' },
  fallen: { ok: false, failure: 'crash', detail: '' },
  wrong: { ok: false, failure: 'exception', detail: 'NameError' },
};

/** A pool whose programs say their own text, and what it has been asked. */
function recordingPool() {
  const asked: string[][] = [];
  const pool: SandboxPool = {
    run: async (programs, { signal, onProgress } = {}) => {
      signal?.throwIfAborted();
      asked.push([...programs]);
      onProgress?.(programs.length);
      return programs.map((program) => failing[program] ?? { ok: true, text: program, number: null });
    },
    judge: async () => [],
    warmUp: async () => undefined,
    close: async () => undefined,
  };
  return { asked, pool };
}

const texts = (outcomes: readonly ProgramOutcome[]) =>
  outcomes.map((outcome) => (outcome.ok ? outcome.text : outcome.failure));

describe('programs that have run before', () => {
  it('are not run again, and outcomes stay in the programs’ order', async () => {
    const { asked, pool } = recordingPool();
    const sandbox = rememberPrograms(pool);
    await sandbox.run(['a', 'b']);
    const told: number[] = [];
    const outcomes = await sandbox.run(['c', 'b', 'c', 'wrong', 'a'], { onProgress: (done) => told.push(done) });
    expect(texts(outcomes)).toEqual(['c', 'b', 'c', 'exception', 'a']);
    expect(texts(await sandbox.run(['wrong', 'c']))).toEqual(['exception', 'c']);
    expect(asked).toEqual([['a', 'b'], ['c', 'wrong'], []]);
    expect(told).toEqual([5]);
  });

  it('are run again where a limit or a crash ended them', async () => {
    const { asked, pool } = recordingPool();
    const sandbox = rememberPrograms(pool);
    const ended = ['endless', 'large', 'fallen'];
    await sandbox.run(ended);
    expect(texts(await sandbox.run(ended))).toEqual(['timeout', 'memory', 'crash']);
    expect(asked).toEqual([ended, ended]);
  });

  it('are forgotten when others need their room, those used last the latest', async () => {
    const { asked, pool } = recordingPool();
    const sandbox = rememberPrograms(pool, 6);
    await sandbox.run(['aaa', 'bbb']);
    await sandbox.run(['aaa']);
    await sandbox.run(['ccc']);
    await sandbox.run(['aaa', 'bbb']);
    expect(asked).toEqual([['aaa', 'bbb'], [], ['ccc'], ['bbb']]);
  });

  it('still fail for whoever has cancelled', async () => {
    const sandbox = rememberPrograms(recordingPool().pool);
    await sandbox.run(['a']);
    await expect(sandbox.run(['a'], { signal: AbortSignal.abort(new Error('cancelled')) })).rejects.toThrow(
      'cancelled',
    );
  });
});
