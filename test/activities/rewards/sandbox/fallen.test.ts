/** What is believed of a job whose process has ended, by how the processes end that run it again. */
import { describe, expect, it } from 'vitest';
import { runAlone } from '../../../../activities/rewards/sandbox/fallen.js';
import type { ProcessEnd } from '../../../../activities/rewards/sandbox/sandboxProcess.js';

const killed: ProcessEnd = { kind: 'killed', detail: 'SIGKILL' };
const fell: ProcessEnd = { kind: 'fell', detail: 'SIGSEGV' };
const endless: ProcessEnd = { kind: 'endless', detail: 'could not be interrupted' };
const right = { ok: true, text: '1', number: '1.0' };

/** What comes of a process that ran the job alone: how it ended, or what it said. */
type Trial = ProcessEnd | typeof right;

/** Runs the job again in processes to which this happens, one after the other. */
async function judge(end: ProcessEnd, ...trials: readonly Trial[]): Promise<{ outcome: unknown; processes: number }> {
  let processes = 0;
  const runFresh = async (tell: (outcome: unknown) => void): Promise<ProcessEnd | null> => {
    const trial = trials[processes++];
    if (trial === undefined) throw new Error('no more processes');
    if ('kind' in trial) return trial;
    tell(trial);
    return null;
  };
  const outcome = await runAlone('def solution(): return 1', end, runFresh, () => false);
  return { outcome, processes };
}

describe('a job whose process', () => {
  it.each([[killed], [fell]])('ended so (%j) and that runs well alone has its own outcome', async (end) => {
    expect(await judge(end, right)).toEqual({ outcome: right, processes: 1 });
  });

  it('was killed has not crashed, however often', async () => {
    expect(await judge(killed, killed, killed, killed, right)).toEqual({ outcome: right, processes: 4 });
    await expect(judge(killed, killed, killed, killed, killed, killed)).rejects.toMatchObject({
      name: 'SandboxUnavailable',
      message: expect.stringMatching(
        /^5 sandbox processes in a row ended .* the same program, the last one by SIGKILL/,
      ),
    });
  });

  it('fell has crashed once two more have fallen that ran it alone', async () => {
    const outcome = { ok: false, failure: 'crash', detail: 'SIGSEGV' };
    expect(await judge(fell, fell, fell)).toEqual({ outcome, processes: 2 });
    expect(await judge(fell, fell, killed, fell)).toEqual({ outcome, processes: 3 });
    expect(await judge(fell, fell, right)).toEqual({ outcome: right, processes: 2 });
  });

  it('could not be interrupted has run out of time, at once', async () => {
    const outcome = { ok: false, failure: 'timeout', detail: 'could not be interrupted' };
    expect(await judge(endless)).toEqual({ outcome, processes: 0 });
    expect(await judge(killed, endless)).toEqual({ outcome, processes: 1 });
  });
});
