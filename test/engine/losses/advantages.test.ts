/** Rewards, advantages and whitening against PyTorch, and by their definitions. */
import { describe, expect, it } from 'vitest';
import { generalisedAdvantages, tokenRewards, whiten } from '../../../activities/engine/losses/advantages.js';
import { readFixture, relativeError } from '../../reference/fixtures.js';

const { batch, rollouts, klCoefficient, discount, gaeLambda } = readFixture('ppo');

describe('tokenRewards', () => {
  it('penalises KL on every token and adds the score at the last', () => {
    for (const [index, { reward }] of rollouts.entries()) {
      const logProbs = Float32Array.from(batch.logProbs[index] ?? []);
      const reference = Float32Array.from(batch.referenceLogProbs[index] ?? []);
      const rewards = tokenRewards(reward, logProbs, reference, klCoefficient);
      expect(relativeError(rewards, batch.rewards[index] ?? [])).toBeLessThan(1e-6);
    }
  });
});

describe('generalisedAdvantages', () => {
  it('gives the advantages and returns of PyTorch', () => {
    for (const [index, rewards] of batch.rewards.entries()) {
      const values = Float32Array.from(batch.values[index] ?? []);
      const result = generalisedAdvantages(Float64Array.from(rewards), values, discount, gaeLambda);
      expect(relativeError(result.advantages, batch.advantages[index] ?? [])).toBeLessThan(1e-6);
      expect(relativeError(result.returns, batch.returns[index] ?? [])).toBeLessThan(1e-6);
    }
  });

  it('is the discounted sum of rewards less the value when λ is 1', () => {
    const rewards = Float64Array.of(0.5, -0.25, 1);
    const { returns } = generalisedAdvantages(rewards, Float32Array.of(3, -2, 5), 0.5, 1);
    expect(relativeError(returns, [0.5 + 0.5 * (-0.25 + 0.5), -0.25 + 0.5, 1])).toBeLessThan(1e-12);
  });
});

describe('whiten', () => {
  it('gives the whitened advantages of PyTorch, over all answers together', () => {
    const whitened = whiten(Float64Array.from(batch.advantages.flat()));
    expect(relativeError(whitened, batch.whitenedAdvantages.flat())).toBeLessThan(1e-9);
  });

  it('leaves equal values at zero instead of dividing by nothing', () => {
    expect(Array.from(whiten(Float64Array.of(2, 2, 2)))).toEqual([0, 0, 0]);
    expect(Array.from(whiten(Float64Array.of(7)))).toEqual([0]);
  });
});
