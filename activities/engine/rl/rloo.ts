/** RLOO (Ahmadian et al., 2024): the baseline of an answer is the mean reward of the other answers to its question. */
import { algorithm } from './algorithm.js';
import { groupLoss, groupOptions, groupRounds, prepareGroups, scaleRewards } from './groupPolicy.js';

export const rloo = algorithm({
  title: 'RLOO',
  critic: false,
  rounds: groupRounds,
  roundsLike: 'grpo',
  options: groupOptions.extend({ scaleRewards: scaleRewards.default('none') }),
  prepare: (rollouts, options, context) => prepareGroups(rollouts, { ...options, baseline: 'leave-one-out' }, context),
  loss: groupLoss,
});
