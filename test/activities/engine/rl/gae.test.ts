/** Rewards, advantages and whitening against PyTorch, and by their definitions. */
import { describe, expect, it } from 'vitest';
import { generalisedAdvantages, tokenRewards, whiten } from '../../../../activities/engine/rl/gae.js';
import { at } from '../../../../activities/invariant.js';
import { readFixture, relativeError } from '../../../reference/fixtures.js';
import { randomNumbers } from '../../../support/randomNumbers.js';

const { batch, rollouts, klCoefficient, gamma, lambda } = readFixture('ppo');

describe('tokenRewards', () => {
  it('penalises KL on every token and adds the score at the last', () => {
    for (const [index, { reward }] of rollouts.entries()) {
      const reference = batch.referenceLogProbs[index] ?? [];
      const penalties = (batch.logProbs[index] ?? []).map(
        (logProb, token) => klCoefficient * (logProb - at(reference, token)),
      );
      const rewards = tokenRewards(reward, Float64Array.from(penalties));
      expect(relativeError(rewards, batch.rewards[index] ?? [])).toBeLessThan(1e-6);
    }
  });
});

describe('generalisedAdvantages', () => {
  it('gives the advantages and returns of PyTorch', () => {
    for (const [index, rewards] of batch.rewards.entries()) {
      const values = Float32Array.from(batch.values[index] ?? []);
      const result = generalisedAdvantages(Float64Array.from(rewards), values, gamma, lambda);
      expect(relativeError(result.advantages, batch.advantages[index] ?? [])).toBeLessThan(1e-6);
      expect(relativeError(result.returns, batch.returns[index] ?? [])).toBeLessThan(1e-6);
    }
  });

  it('is the sum of its definition, term by term, for any gamma, λ and length', () => {
    const random = randomNumbers(1);
    const anywhere = (): number => [0, 1, random.uniform(), 1 - 1e-3 * random.uniform()][random.integer(0, 3)] ?? 0;
    for (let trial = 0; trial < 500; trial++) {
      const length = random.integer(1, 40);
      const rewards = Float64Array.from({ length }, random.normal);
      const values = Float32Array.from({ length }, random.normal);
      const [gamma, lambda] = [anywhere(), anywhere()];
      const valueAt = (t: number): number => values[t] ?? 0;
      const deltas = Array.from(rewards, (reward, t) => reward + gamma * valueAt(t + 1) - valueAt(t));
      // Â_t = Σ_l (γλ)^l δ_{t+l}, every sum from scratch.
      const expected = deltas.map((_, t) =>
        deltas.slice(t).reduce((total, delta, l) => total + (gamma * lambda) ** l * delta, 0),
      );
      const { advantages, returns } = generalisedAdvantages(rewards, values, gamma, lambda);
      expect(relativeError(advantages, expected)).toBeLessThan(1e-12);
      const targets = expected.map((advantage, t) => advantage + valueAt(t));
      expect(relativeError(returns, targets)).toBeLessThan(1e-12);
    }
  });

  it('is the discounted sum of rewards less the value when λ is 1', () => {
    const rewards = Float64Array.of(0.5, -0.25, 1);
    const { returns } = generalisedAdvantages(rewards, Float32Array.of(3, -2, 5), 0.5, 1);
    expect(relativeError(returns, [0.5 + 0.5 * (-0.25 + 0.5), -0.25 + 0.5, 1])).toBeLessThan(1e-12);
  });
});

describe('whiten', () => {
  const whitenOne = (values: Float64Array): Float64Array => at(whiten([values]), 0);

  it('gives the whitened advantages of PyTorch, over all answers together', () => {
    const whitened = whiten(batch.advantages.map((answer) => Float64Array.from(answer)));
    expect(whitened.map(({ length }) => length)).toEqual(batch.advantages.map(({ length }) => length));
    expect(
      relativeError(
        whitened.flatMap((answer) => [...answer]),
        batch.whitenedAdvantages.flat(),
      ),
    ).toBeLessThan(1e-9);
  });

  it('gives any values mean 0 and unbiased variance 1, in their order, whatever their scale and place', () => {
    const random = randomNumbers(2);
    for (let trial = 0; trial < 200; trial++) {
      const values = Float64Array.from({ length: random.integer(2, 300) }, random.normal);
      const [scale, place] = [10 ** random.integer(-1, 3), 100 * random.normal()];
      const whitened = whitenOne(values.map((value) => scale * value + place));
      const mean = whitened.reduce((a, b) => a + b, 0) / whitened.length;
      const variance = whitened.reduce((total, value) => total + (value - mean) ** 2, 0) / (whitened.length - 1);
      expect(Math.abs(mean)).toBeLessThan(1e-9);
      expect(Math.abs(variance - 1)).toBeLessThan(1e-4);
      expect(relativeError(whitened, whitenOne(values))).toBeLessThan(1e-4);
    }
  });

  it('leaves equal values at zero instead of dividing by nothing', () => {
    expect(Array.from(whitenOne(Float64Array.of(2, 2, 2)))).toEqual([0, 0, 0]);
    expect(Array.from(whitenOne(Float64Array.of(7)))).toEqual([0]);
  });
});
