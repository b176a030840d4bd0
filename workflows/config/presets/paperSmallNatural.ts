/** The preset `paper-small-natural` of comparisons. */
import type { ComparisonPreset } from '../compare.js';
import { paperSmall } from './paperSmall.js';

export const paperSmallNatural: ComparisonPreset = {
  ...paperSmall,
  title: 'The paper’s comparison, on generated word problems answered in words',
  run: {
    preset: 'demo',
    data: { cot: 'natural', largestNumber: 9 },
    generation: { maxAnswerTokens: 56 },
    ppo: { klCoefficient: 0.05 },
    // A reward model of this size hardly tells right sums from wrong ones: half the samples keep the comparison short.
    rewardModel: { samplesPerQuestion: 10, epochs: 6 },
  },
  methods: ['sft', 'offline-self-training', 'reft'],
};
