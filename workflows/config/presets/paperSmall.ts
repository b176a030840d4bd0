/** The preset `paper-small` of comparisons. */
import type { ComparisonPreset } from '../compare.js';

export const paperSmall = {
  title: 'The paper’s comparison, on generated word problems',
  // One reward model is for all models of a comparison: it is worth more samples and epochs than a run's.
  run: { preset: 'demo', rewardModel: { samplesPerQuestion: 20, epochs: 6 } },
  methods: ['sft', 'offline-self-training', 'online-self-training', 'grpo', 'reft'],
  seeds: [1, 2, 3, 4, 5],
} satisfies ComparisonPreset;
