/**
 * GRPO (Shao et al., 2024): the baseline of an answer is the mean reward of all answers to its question.
 *
 * As published, advantages are divided by the deviation of the question's own rewards (`scaleRewards: group`). Ours are divided by
 * that of the round: questions of wrong answers alone then train little. `workflows/compare/RESULTS.md` has the measurement.
 */
import { algorithm } from './algorithm.js';
import { groupAlgorithm, groupLoss, groupOptions, prepareGroups, scaleRewards } from './groupPolicy.js';

export const grpo = algorithm({
  ...groupAlgorithm,
  title: 'GRPO',
  options: groupOptions.extend({ scaleRewards: scaleRewards.default('batch') }),
  prepare: (rollouts, options, context) => prepareGroups(rollouts, { ...options, baseline: 'group' }, context),
  loss: (inputs, options) => groupLoss(inputs, options),
});
