/** Progress on a terminal of 80 columns, and in a log. */
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgressDisplay } from '../../workers/command/progressDisplay.js';
import type { PhaseProgress } from '../../workflows/monitoring/describePhase.js';
import type { Progress } from '../../workflows/monitoring/progress.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function output(properties: { readonly isTTY?: true; readonly columns?: number }) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), properties) as unknown as NodeJS.WriteStream;
  return { stream, written: (): string => String(stream.read() ?? '') };
}

function ppo(round: number, rounds = 80): PhaseProgress {
  const metrics = {
    reward: 0.8696,
    policyLoss: -0.0361,
    klPerToken: 0.1926,
    validationAccuracy: 85.5,
    bestValidationAccuracy: 85.5,
  };
  return { phase: 'ppo', unit: 'round', round, rounds, metrics, etaSeconds: (rounds - round) * 60 };
}

function progress(...phases: PhaseProgress[]): Progress {
  const current = phases.at(-1) ?? ppo(0);
  return { ...current, phases, paused: false, stopping: false, waiting: [], warnings: [], elapsedSeconds: 1 };
}

it('shows on a terminal how reward and validation accuracy went', () => {
  const { stream, written } = output({ isTTY: true, columns: 80 });
  const display = createProgressDisplay(stream);
  for (const [index, reward] of [0.1, 0.4, 0.9].entries()) {
    const phase = ppo(index + 1);
    const metrics = { ...phase.metrics, reward, validationAccuracy: 80 - index };
    // Shown again and again, a round counts once.
    for (let again = 0; again < 2; again++) display.show(progress({ ...phase, metrics }), undefined);
    vi.advanceTimersByTime(1_000);
  }
  display.close();
  expect(stripVTControlCharacters(written())).toMatch(/^ {13}reward ▁▄█ {2}validation █▅▁ *$/m);
});

describe('in a log', () => {
  it('writes a line at the beginning and at the end of a phase, and every ten seconds between', () => {
    const { stream, written } = output({});
    const display = createProgressDisplay(stream);
    for (let round = 0; round <= 80; round += 1) {
      display.show(progress(ppo(round)), undefined);
      display.show(progress(ppo(round)), undefined);
      vi.advanceTimersByTime(1_000);
    }
    const rounds = written()
      .trim()
      .split('\n')
      .map((line) => Number(/^PPO: round (\d+) of 80/.exec(line)?.[1]));
    expect(rounds).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80]);
  });

  it('tells the time left and the metrics that matter', () => {
    const { stream, written } = output({});
    createProgressDisplay(stream).show(progress(ppo(15)), undefined);
    expect(written()).toBe(
      'PPO: round 15 of 80, 1:05:00 left, reward 0.87, validation 85.5 %, best 85.5 %, KL per token 0.193\n',
    );
  });

  it('tells of a warning once', () => {
    const { stream, written } = output({});
    const display = createProgressDisplay(stream);
    const warning = { kind: 'mostly-truncated', message: 'answers have no end', from: 3 } as const;
    for (const to of [3, 4, 5]) display.show({ ...progress(ppo(to)), warnings: [{ ...warning, to }] }, undefined);
    expect(written().match(/.*answers have no end/g)).toEqual(['Warning, round 3: answers have no end']);
  });

  it('tells of the whole run with a phase’s line, once a percent, without control characters', () => {
    const { stream, written } = output({});
    const display = createProgressDisplay(stream);
    const plan = [
      { phase: 'ppo', work: 80, isBeside: false },
      { phase: 'evaluation', work: 20, isBeside: false },
    ] as const;
    for (const round of [0, 16, 16, 40]) {
      const phase = { ...ppo(round), ...(round > 0 ? { unitSeconds: 60 } : {}) };
      display.show({ ...progress(phase), plan, elapsedSeconds: 60 * round }, undefined);
      vi.advanceTimersByTime(11_000);
    }
    const text = written();
    expect(text.match(/^Whole run: .*$/gm)).toEqual([
      'Whole run: 0 % after 0:00',
      'Whole run: 16 % after 16:00, about 1:24:00 left',
      'Whole run: 40 % after 40:00, about 1:00:00 left',
    ]);
    expect(text.split('\n').slice(0, 2)).toEqual([
      'Whole run: 0 % after 0:00',
      expect.stringMatching(/^PPO: round 0 of 80/),
    ]);
    expect(text).toBe(stripVTControlCharacters(text));
  });

  it('shows the baseline beside the run', () => {
    const { stream, written } = output({});
    const sft: PhaseProgress = { phase: 'sft', unit: 'epoch', round: 2, rounds: 2, metrics: {} };
    createProgressDisplay(stream).show(progress(ppo(1)), progress(sft));
    expect(written()).toContain('\nSFT: epoch 2 of 2\n');
  });
});

describe('on a terminal', () => {
  it('shows the whole run above its phases, from the beginning on', () => {
    const { stream, written } = output({ isTTY: true, columns: 100 });
    const display = createProgressDisplay(stream);
    const prepare: PhaseProgress = { phase: 'prepare', unit: 'step', round: 0, rounds: 1, metrics: {} };
    display.show({ ...progress(prepare), plan: [] }, undefined);
    vi.advanceTimersByTime(1_000);
    const plan = [{ phase: 'ppo', work: 80, isBeside: false }] as const;
    display.show({ ...progress(prepare, { ...ppo(40), unitSeconds: 60 }), plan, elapsedSeconds: 2_400 }, undefined);
    vi.advanceTimersByTime(1_000);
    display.close();
    const lines = stripVTControlCharacters(written()).split(/[\r\n]+/);
    const whole = lines.findLastIndex((line) =>
      /^Whole run +█{12}░{12} 50 % after 40:00, about 40:00 left *$/.test(line),
    );
    const phase = lines.findLastIndex((line) => line.startsWith('PPO '));
    expect(whole).toBeGreaterThan(-1);
    expect(phase).toBeGreaterThan(whole);
  });

  it('has no such line for what has no plan', () => {
    const { stream, written } = output({ isTTY: true, columns: 100 });
    const display = createProgressDisplay(stream);
    display.show(progress({ ...ppo(1, 4), phase: 'comparison', unit: 'step' }), undefined);
    vi.advanceTimersByTime(1_000);
    display.close();
    expect(written()).not.toContain('Whole run');
  });

  it.each([80, 120])('keeps each phase on a line of %d columns', (columns) => {
    const { stream, written } = output({ isTTY: true, columns });
    const display = createProgressDisplay(stream);
    display.show(progress({ ...ppo(3_600, 10_000), phase: 'reward-model' }, ppo(66)), undefined);
    vi.advanceTimersByTime(1_000);
    display.close();
    const lines = stripVTControlCharacters(written()).split(/[\r\n]+/);
    expect(lines.some((line) => /^PPO +█+░+ round 66 of 80/.test(line))).toBe(true);
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  });
});
