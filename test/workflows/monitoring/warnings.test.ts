/** The rules on made-up curves: each speaks up where it should, not a round sooner, and is silent on a healthy run. */
import { describe, expect, it } from 'vitest';
import type { TrainingWarning } from '../../../activities/report/types.js';
import type { AnswerKind } from '../../../activities/rewards/answerFormat.js';
import { describeWarning, type Metrics, type Watch, watchRound } from '../../../workflows/monitoring/warnings.js';

/** A run as it should be: right answers from 30 to 70 %, entropy falling but not gone, KL growing slowly. */
function healthy(round: number): Metrics {
  const progress = 1 - Math.exp(-round / 20);
  return {
    reward: 0.35 + 0.4 * progress,
    sampleAccuracy: 30 + 40 * progress,
    extracted: 97,
    truncated: 2,
    commonestChoice: 24,
    answerLength: 80 - 10 * progress,
    entropyPerSequence: 6 - 4.5 * progress,
    klPerToken: 0.2 * progress,
    klPenalty: 0.1 * progress,
    clipFraction: 0.1,
    approximateKl: 0.01,
    // A critic has to be learnt.
    explainedVariance: round < 5 ? -1 : 0.6 * progress,
  };
}

function watch(
  rounds: number,
  metricsOf: (round: number) => Metrics,
  answers: AnswerKind = 'number',
): readonly TrainingWarning[] {
  let state: Watch | undefined;
  for (let round = 1; round <= rounds; round++) state = watchRound(state, round, metricsOf(round), answers);
  return state?.warnings ?? [];
}

/** Healthy until `round`, and from then on with `change`. */
const from =
  (start: number, change: Metrics) =>
  (round: number): Metrics => ({ ...healthy(round), ...(round < start ? {} : change) });

it.each(['number', 'choice'] as const)('says nothing of a healthy run (%s answers)', (answers) => {
  expect(watch(200, healthy, answers)).toEqual([]);
});

it.each([
  ['entropy-collapse', { entropyPerSequence: 0.01 }],
  ['kl-blow-up', { klPerToken: 1.5 }],
] as const)('%s advises a penalty only where the method has one', (kind, change) => {
  const advice = (metricsOf: (round: number) => Metrics) =>
    watch(5, metricsOf)
      .find((warning) => warning.kind === kind)
      ?.message.split('. ')
      .at(-1);
  expect(advice(from(1, change))).toBe('Lower the learning rate, or raise klCoefficient');
  const free = (round: number): Metrics => {
    const { klPenalty, ...others } = healthy(round);
    return { ...others, ...change };
  };
  expect(advice(free)).toBe('Lower the learning rate');
});

it('says nothing of a method that reports none of the metrics', () => {
  expect(watch(50, () => ({ loss: 1 }), 'choice')).toEqual([]);
});

describe.each([
  ['entropy-collapse', { entropyPerSequence: 0.01 }, 'number', 3],
  ['kl-blow-up', { klPerToken: 1.5 }, 'number', 3],
  ['kl-blow-up', { klPenalty: 2 }, 'number', 3],
  ['steps-too-large', { approximateKl: 2 }, 'number', 3],
  ['steps-too-large', { clipFraction: 0.45 }, 'number', 3],
  ['reward-hacking', { commonestChoice: 90 }, 'choice', 3],
  ['reward-hacking', { answerLength: 20 }, 'choice', 3],
  ['useless-critic', { explainedVariance: -1 }, 'number', 10],
  ['mostly-truncated', { truncated: 80 }, 'number', 3],
  ['nothing-extracted', { extracted: 1, sampleAccuracy: 0 }, 'number', 3],
] as const)('%s of %o', (kind, change, answers, rounds) => {
  const start = 40;

  it(`comes within ${rounds} rounds, and stays with its last round`, () => {
    const warnings = watch(start + 30, from(start, change), answers);
    expect(warnings.map((warning) => warning.kind)).toEqual([kind]);
    const [warning] = warnings;
    expect(warning?.from).toBeGreaterThanOrEqual(start);
    expect(warning?.from).toBeLessThan(start + rounds);
    expect(warning?.to).toBe(start + 30);
  });

  it('tells when it was seen last, once it is over', () => {
    const passing = (round: number): Metrics => (round < start + 12 ? from(start, change)(round) : healthy(round));
    const [warning] = watch(start + 60, passing, answers);
    expect(warning?.kind).toBe(kind);
    expect(warning?.to).toBeLessThan(start + 12 + rounds);
  });

  it('does not come of a single round', () => {
    // Not so wild that it alone would make a mean of three.
    const mild = Object.fromEntries(
      Object.entries(change).map(([name, value]) => [name, 0.55 * value + 0.45 * (healthy(start)[name] ?? 0)]),
    );
    expect(
      watch(start + 20, (round) => (round === start ? { ...healthy(round), ...mild } : healthy(round)), answers),
    ).toEqual([]);
  });
});

describe('entropy-collapse', () => {
  it('is no collapse where nearly all answers are right', () => {
    expect(watch(60, from(20, { entropyPerSequence: 0.01, sampleAccuracy: 98 }))).toEqual([]);
  });
});

describe('kl-blow-up', () => {
  it('measures the penalty by what right answers earn, whatever the reward', () => {
    const paid = (each: number, klPenalty: number): Metrics => ({
      sampleAccuracy: 40,
      rewardRight: 0.4 * each,
      klPenalty,
    });
    const kinds = (change: Metrics) => watch(20, from(1, change)).map(({ kind }) => kind);
    expect(kinds(paid(10, 5))).toEqual([]);
    expect(kinds(paid(10, 11))).toEqual(['kl-blow-up']);
    expect(kinds(paid(0.5, 0.6))).toEqual(['kl-blow-up']);
    expect(kinds({ ...paid(1, 1.1), sampleAccuracy: 0, rewardRight: 0 })).toContain('kl-blow-up');
  });
});

describe('reward-hacking', () => {
  it('is looked for in multiple choice only', () => {
    expect(watch(80, from(40, { commonestChoice: 90, answerLength: 20 }), 'number')).toEqual([]);
  });

  it('is not shorter answers alone, without more reward', () => {
    expect(watch(80, from(40, { answerLength: 20, reward: 0.3 }), 'choice')).toEqual([]);
  });
});

describe('a warning', () => {
  const warnings = watch(60, from(50, { truncated: 75 }));

  it('says what was seen, since when, and what helps', () => {
    expect(warnings.map(describeWarning)).toEqual([
      'rounds 51–60: 75 % of the answers reach generation.maxAnswerTokens without an end. Raise it, or look whether answers ramble',
    ]);
  });

  it('comes once a kind, in the order of first rounds', () => {
    const both = watch(60, (round) => ({
      ...from(30, { truncated: 75 })(round),
      ...(round < 20 ? {} : { klPerToken: 3 }),
    }));
    expect(both.map(({ kind }) => kind)).toEqual(['kl-blow-up', 'mostly-truncated']);
  });

  it('needs no more than plain JSON between rounds, as continue-as-new carries it', () => {
    let state: Watch | undefined;
    for (let round = 1; round <= 60; round++)
      state = JSON.parse(JSON.stringify(watchRound(state, round, from(50, { truncated: 75 })(round), 'number')));
    expect(state?.warnings).toEqual(warnings);
    expect(JSON.stringify(state).length).toBeLessThan(5_000);
  });
});
