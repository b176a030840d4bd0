/** Advantages within groups against their definitions, on scores drawn at random, and at the edges. */
import { describe, expect, it } from 'vitest';
import {
  groupAdvantages,
  type RewardScaling,
  rewardScalings,
  shareWithoutSignal,
} from '../../../../activities/engine/rl/groupAdvantages.js';
import { grpo } from '../../../../activities/engine/rl/grpo.js';
import { lossNormalisations, tokenWeights } from '../../../../activities/engine/rl/normalisation.js';
import { uniform } from '../../../../activities/engine/sampling/random.js';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Groups of 1 to 5 answers, their answers among each other. */
const drawn = Array.from({ length: 60 }, (_, position) => ({
  score: uniform({ seed: 1, purpose: 'rollout', position }),
  group: Math.floor(20 * uniform({ seed: 2, purpose: 'rollout', position })),
}));
const scores = drawn.map(({ score }) => score);
const groups = drawn.map(({ group }) => group);
const othersOf = (index: number): number[] =>
  scores.filter((_, other) => other !== index && groups[other] === groups[index]);

describe('groupAdvantages', () => {
  it('of GRPO are distances from the group’s mean, in its standard deviations', () => {
    const advantages = groupAdvantages(scores, groups, { baseline: 'group', scaleRewards: 'group' });
    drawn.forEach(({ score }, index) => {
      const all = [score, ...othersOf(index)];
      const deviation = Math.sqrt(all.reduce((total, one) => total + (one - mean(all)) ** 2, 0) / (all.length - 1));
      const expected = all.length < 2 ? 0 : (score - mean(all)) / (deviation + 1e-4);
      expect(advantages[index]).toBeCloseTo(expected, 10);
    });
  });

  it('of RLOO are distances from the mean of the others', () => {
    const advantages = groupAdvantages(scores, groups, { baseline: 'leave-one-out', scaleRewards: 'none' });
    drawn.forEach(({ score }, index) => {
      const others = othersOf(index);
      expect(advantages[index]).toBeCloseTo(others.length === 0 ? 0 : score - mean(others), 10);
    });
  });

  it('are in standard deviations of the whole round where that is asked for', () => {
    const [scores, groups] = [
      [0.1, 0.1, 0.1, 0, 1, 1, 0, 0],
      [0, 0, 0, 0, 1, 1, 1, 1],
    ];
    const byBatch = groupAdvantages(scores, groups, { baseline: 'group', scaleRewards: 'batch' });
    const plain = groupAdvantages(scores, groups, { baseline: 'group', scaleRewards: 'none' });
    const all = mean(scores);
    const deviation = Math.sqrt(scores.reduce((total, one) => total + (one - all) ** 2, 0) / 7);
    byBatch.forEach((advantage, index) => {
      expect(advantage).toBeCloseTo((plain[index] ?? Number.NaN) / (deviation + 1e-4), 10);
    });
    // A group of wrong answers weighs little; by its own deviation it weighs more than the mixed one.
    const byGroup = groupAdvantages(scores, groups, { baseline: 'group', scaleRewards: 'group' });
    expect(Math.abs(byBatch[3] ?? 0)).toBeLessThan(0.2 * Math.abs(byBatch[4] ?? 0));
    expect(Math.abs(byGroup[3] ?? 0)).toBeGreaterThan(Math.abs(byGroup[4] ?? 0));
  });

  it('group-all-wrong: a question of wrong answers, some with a partial reward, moves the model little', () => {
    // Beside it two questions that have right answers. With `batch`, GRPO's default, its answers count by what they earned.
    const [scores, groups] = [
      [0.1, 0.1, 0.1, 0, 1, 1, 0, 0.1, 1, 0, 0.1, 0],
      [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2],
    ];
    const largest = (scaleRewards: RewardScaling, group: number): number => {
      const advantages = groupAdvantages(scores, groups, { baseline: 'group', scaleRewards });
      return Math.max(...advantages.filter((_, index) => groups[index] === group).map(Math.abs));
    };
    expect(grpo.options.parse({}).scaleRewards).toBe('batch');
    for (const scaling of ['batch', 'none'] as const)
      for (const mixed of [1, 2]) expect(largest(scaling, 0)).toBeLessThan(0.16 * largest(scaling, mixed));
    // As published, by the question's own deviation, it would move the model as far as any other.
    expect(largest('group', 0)).toBeGreaterThan(1.4);
    // Alone, without scaling, it stays as small as the partial reward is.
    const alone = groupAdvantages([0.1, 0.1, 0.1, 0], [0, 0, 0, 0], { baseline: 'group', scaleRewards: 'none' });
    expect(alone).toEqual([0.025, 0.025, 0.025, -0.075].map((advantage) => expect.closeTo(advantage, 12)));
  });

  it('are 0 where all answers are worth the same, however small the differences of rounding', () => {
    for (const baseline of ['group', 'leave-one-out'] as const)
      for (const scaleRewards of rewardScalings) {
        const advantages = groupAdvantages([0.1, 0.1, 0.1, 1, 1], [0, 0, 0, 1, 1], {
          baseline,
          scaleRewards,
        });
        for (const advantage of advantages) expect(Math.abs(advantage)).toBeLessThan(1e-10);
      }
  });

  it('know which groups have nothing to tell', () => {
    expect(shareWithoutSignal([1, 0, 1, 1, 0.1], [0, 0, 1, 1, 2])).toBeCloseTo(200 / 3, 12);
    expect(shareWithoutSignal([], [])).toBe(0);
  });
});

describe('tokenWeights', () => {
  const lengths = [2, 6, 4];
  const answers = lengths.map((tokens) => ({ tokens, isMasked: false }));
  const total = (weights: readonly number[]): number =>
    weights.reduce((sum, weight, answer) => sum + weight * (lengths[answer] ?? 0), 0);

  it('give each answer, or each token, the same share of a whole', () => {
    const sequence = tokenWeights('sequence', answers, 8);
    expect(sequence.map((weight, answer) => weight * (lengths[answer] ?? 0))).toEqual([1 / 3, 1 / 3, 1 / 3]);
    const token = tokenWeights('token', answers, 8);
    expect(new Set(token).size).toBe(1);
    expect([total(sequence), total(token)]).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)]);
  });

  it('or divide by what answers may have at most', () => {
    expect(tokenWeights('constant', answers, 8)).toEqual([1 / 24, 1 / 24, 1 / 24]);
  });

  it('leave masked answers out, and share their part among the others', () => {
    const masked = answers.map((answer, index) => ({ ...answer, isMasked: index === 1 }));
    expect(tokenWeights('sequence', masked, 8)).toEqual([1 / 4, 0, 1 / 8]);
    expect(tokenWeights('token', masked, 8)).toEqual([1 / 6, 0, 1 / 6]);
    expect(tokenWeights('constant', masked, 8)).toEqual([1 / 16, 0, 1 / 16]);
    const none = answers.map((answer) => ({ ...answer, isMasked: true }));
    for (const normalisation of lossNormalisations) expect(tokenWeights(normalisation, none, 8)).toEqual([0, 0, 0]);
  });
});
