/** Options of algorithms by hand: overlong punishment, sampling correction, masks, clip ranges, KL estimators. */
import { describe, expect, it } from 'vitest';
import type { PolicyRollout } from '../../../../activities/engine/rl/algorithm.js';
import { overlongPenalty } from '../../../../activities/engine/rl/dapo.js';
import { type AlgorithmChoice, algorithms, bindAlgorithm } from '../../../../activities/engine/rl/index.js';
import { answerKl, klEstimate } from '../../../../activities/engine/rl/kl.js';
import { klEstimators } from '../../../../activities/engine/rl/options.js';
import { randomNumbers } from '../../../support/randomNumbers.js';
import { rollout, roundContext } from './rollouts.js';

const context = roundContext(10);

/** What the loss is fed of every rollout. */
const inputsOf = (choice: AlgorithmChoice, rollouts: readonly PolicyRollout[]) =>
  bindAlgorithm(choice)
    .prepare(rollouts, context)
    .inputsOf(rollouts.map((_, index) => index));
const metricsOf = (choice: AlgorithmChoice, rollouts: readonly PolicyRollout[]) =>
  bindAlgorithm(choice).prepare(rollouts, context).metrics;

describe('soft overlong punishment', () => {
  it('rises from 0 at the buffer to the penalty at the limit', () => {
    const paid = [1, 6, 7, 8, 9, 10].map((tokens) => overlongPenalty(tokens, 10, { buffer: 4, penalty: 0.5 }));
    expect(paid).toEqual([0, 0, 0.125, 0.25, 0.375, 0.5]);
  });

  it('begins a fifth before the limit where no buffer is given, and not at all where it is left out', () => {
    expect([8, 9, 10].map((tokens) => overlongPenalty(tokens, 10, { buffer: null, penalty: 1 }))).toEqual([0, 0.5, 1]);
    expect(overlongPenalty(10, 10, null)).toBe(0);
    // A fifth of two tokens is none: one is the least.
    expect([1, 2].map((tokens) => overlongPenalty(tokens, 2, { buffer: null, penalty: 1 }))).toEqual([0, 1]);
  });

  it('is taken off the reward before answers are compared, and told', () => {
    const choice: AlgorithmChoice = { name: 'dapo', scaleRewards: 'none', overlong: { buffer: 2, penalty: 1 } };
    const rollouts = [rollout(0, 1, 10), rollout(0, 1, 9), rollout(0, 0, 3), rollout(0, 1, 8)];
    expect(inputsOf(choice, rollouts).map(({ advantages }) => advantages)).toEqual([-0.375, 0.125, -0.375, 0.625]);
    expect(metricsOf(choice, rollouts)).toMatchObject({ overlongPenalty: 0.375, groupsWithoutSignal: 0 });
  });
});

describe('DAPO', () => {
  it('weighs every token of a mini-batch the same', () => {
    const weights = inputsOf({ name: 'dapo' }, [rollout(0, 1, 2), rollout(0, 0, 6)]).map((inputs) => inputs.weights);
    expect(weights).toEqual([1 / 8, 1 / 8]);
  });

  it('asks for dynamic sampling unless its options leave it out; any group algorithm may ask for it', () => {
    const sampling = (choice: AlgorithmChoice) => bindAlgorithm(choice).dynamicSampling;
    expect(sampling({ name: 'dapo' })).toEqual({ signal: 'correct', maxExtraBatches: 3 });
    expect(sampling({ name: 'dapo', dynamicSampling: null })).toBeNull();
    for (const name of ['grpo', 'dr-grpo', 'rloo', 'gspo'] as const) {
      expect(sampling({ name })).toBeNull();
      expect(sampling({ name, dynamicSampling: { signal: 'reward' } })).toEqual({
        signal: 'reward',
        maxExtraBatches: 3,
      });
    }
    expect(sampling({ name: 'ppo' })).toBeNull();
  });

  it('refuses a buffer longer than an answer may be', () => {
    const problems = (overlong: object | null) => algorithms.dapo.check({ overlong }, { maxAnswerTokens: 10 });
    for (const overlong of [{ buffer: 10 }, { buffer: null }, null]) expect(problems(overlong)).toEqual([]);
    expect(problems({ buffer: 11 })).toEqual([
      { path: ['overlong', 'buffer'], message: 'at most generation.maxAnswerTokens 10' },
    ]);
  });
});

describe('clip ranges', () => {
  it('are as published, a number being both sides', () => {
    const range = (name: keyof typeof algorithms, clipRange?: unknown) =>
      algorithms[name].options.parse({ clipRange }).clipRange;
    expect(range('grpo')).toBe(0.2);
    expect(range('ppo', 0.1)).toBe(0.1);
    expect(range('dapo')).toEqual({ low: 0.2, high: 0.28 });
    expect(range('dapo', { high: 0.3 })).toEqual({ low: 0.2, high: 0.3 });
    expect(range('gspo')).toEqual({ low: 3e-4, high: 4e-4 });
    expect(() => range('grpo', { low: -0.1 })).toThrow();
  });
});

describe('samplingCorrection', () => {
  const rollouts = [
    rollout(0, 1, 3, { sampledLogProbs: [-1, -1.5, -9] }),
    rollout(0, 0, 1, { sampledLogProbs: [-0.5] }),
  ];

  it.each(['grpo', 'dr-grpo', 'dapo', 'gspo', 'rloo', 'ppo'] as const)(
    '%s: weighs tokens by π_old / π_sampler, up to the cap',
    (name) => {
      const advantages = (samplingCorrection: { readonly cap: number } | null) =>
        inputsOf({ name, samplingCorrection }, rollouts).map((inputs, index) => {
          const { advantages: own = Number.NaN } = inputs;
          return typeof own === 'number' ? new Array<number>([3, 1][index] ?? 0).fill(own) : Array.from(own);
        });
      const [plain, corrected] = [advantages(null), advantages({ cap: 2 })];
      const weights = [[1, Math.exp(0.5), 2], [Math.exp(-0.5)]];
      corrected.forEach((own, index) => {
        own.forEach((advantage, token) => {
          expect(advantage).toBeCloseTo((weights[index]?.[token] ?? 0) * (plain[index]?.[token] ?? 0), 12);
        });
      });
    },
  );
});

describe('maskTruncated', () => {
  it.each(['grpo', 'dr-grpo', 'dapo', 'gspo', 'rloo', 'ppo'] as const)(
    '%s: weighs truncated answers 0, and compares with them still',
    (name) => {
      const rollouts = [rollout(0, 1, 2), rollout(0, 0, 10, { truncated: true }), rollout(0, 0, 4)];
      const [plain, masked] = [inputsOf({ name }, rollouts), inputsOf({ name, maskTruncated: true }, rollouts)];
      const weightsOf = (inputs: typeof plain) => inputs.map(({ weights }) => Number(weights));
      expect(weightsOf(masked)[1]).toBe(0);
      expect(weightsOf(plain).every((weight) => weight > 0)).toBe(true);
      const total = (inputs: typeof plain, lengths: readonly number[]) =>
        weightsOf(inputs).reduce((sum, weight, index) => sum + weight * (lengths[index] ?? 0), 0);
      // Dr. GRPO divides by a constant an answer, so its weights add up to less.
      if (name !== 'dr-grpo') expect(total(masked, [2, 10, 4])).toBeCloseTo(1, 12);
      expect(masked.map(({ advantages }) => advantages)).toEqual(plain.map(({ advantages }) => advantages));
    },
  );
});

describe('KL estimators', () => {
  const random = randomNumbers(9);
  const draw = (): number[] => {
    const weights = Array.from({ length: 40 }, () => Math.exp(0.3 * random.normal()));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => weight / sum);
  };
  const [policy, reference] = [draw(), draw()];
  const expectation = (pick: (logProb: number, referenceLogProb: number) => number): number =>
    policy.reduce((sum, p, token) => sum + p * pick(Math.log(p), Math.log(reference[token] ?? 0)), 0);
  const divergence = expectation((own, ref) => own - ref);

  it('k1 and k3 are unbiased, k2 nearly; k2 and k3 are never negative', () => {
    expect(expectation((own, ref) => klEstimate('k1', own, ref))).toBeCloseTo(divergence, 12);
    expect(expectation((own, ref) => klEstimate('k3', own, ref))).toBeCloseTo(divergence, 12);
    expect(Math.abs(expectation((own, ref) => klEstimate('k2', own, ref)) / divergence - 1)).toBeLessThan(0.3);
    for (const difference of [-3, -0.1, 0, 0.1, 3])
      for (const estimator of ['k2', 'k3'] as const)
        expect(klEstimate(estimator, 0, difference)).toBeGreaterThanOrEqual(0);
  });

  it('are taken off the reward: that of PPO a token, that of groups an answer', () => {
    const rollouts = [rollout(0, 1, 2, { referenceLogProbs: new Float32Array([-1.5, -0.5]) }), rollout(0, 0, 2)];
    for (const klEstimator of klEstimators) {
      const kl = answerKl(klEstimator, rollouts[0] ?? rollout(0, 0, 1));
      const inReward = { klCoefficient: 0.1, klPlacement: 'reward', klEstimator, scaleRewards: 'none' };
      const [first] = inputsOf({ name: 'grpo', ...inReward }, rollouts);
      expect(first?.advantages).toBeCloseTo((1 - 0.1 * kl) / 2, 12);
      for (const choice of [
        { name: 'grpo', ...inReward },
        { name: 'ppo', klCoefficient: 0.1, klEstimator },
      ] as const)
        expect(metricsOf(choice, rollouts).klPenalty).toBeCloseTo((0.1 * kl) / 2, 12);
    }
    // By default it is k1, which cancels here.
    expect(metricsOf({ name: 'grpo', klCoefficient: 0.1, klPlacement: 'reward' }, rollouts).klPenalty).toBe(0);
    expect(metricsOf({ name: 'ppo', klCoefficient: 0.1 }, rollouts).klPenalty).toBe(0);
  });
});
