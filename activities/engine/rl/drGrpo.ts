/**
 * Dr. GRPO (Liu et al., 2025, "Understanding R1-Zero-like training"): GRPO without its two biases. Advantages are not divided by
 * a deviation, which favours questions that are too easy or too hard, and the loss is not divided by an answer's own length,
 * which spares long wrong answers.
 */
import { algorithm } from './algorithm.js';
import { groupAlgorithm, groupLoss, groupOptions, prepareGroups } from './groupPolicy.js';

export const drGrpo = algorithm({
  ...groupAlgorithm,
  title: 'Dr. GRPO',
  roundsLike: 'grpo',
  options: groupOptions.omit({ normalisation: true }),
  prepare: (rollouts, options, context) =>
    prepareGroups(
      rollouts,
      { ...options, baseline: 'group', scaleRewards: 'none', normalisation: 'constant' },
      context,
    ),
  loss: (inputs, options) => groupLoss(inputs, options),
});
