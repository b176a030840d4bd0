/** RLOO (Ahmadian et al., 2024): the baseline of an answer is the mean reward of the other answers to its question. */
import { algorithm } from './algorithm.js';
import { groupAlgorithm, groupLoss, groupOptions, prepareGroups, scaleRewards } from './groupPolicy.js';

export const rloo = algorithm({
  ...groupAlgorithm,
  title: 'RLOO',
  roundsLike: 'grpo',
  options: groupOptions.extend({ scaleRewards: scaleRewards.default('none') }),
  prepare: (rollouts, options, context) => prepareGroups(rollouts, { ...options, baseline: 'leave-one-out' }, context),
  loss: (inputs, options) => groupLoss(inputs, options),
});
