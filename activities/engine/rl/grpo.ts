/** GRPO (Shao et al., 2024): the baseline of an answer is the mean reward of all answers to its question. */
import { algorithm } from './algorithm.js';
import { groupLoss, groupOptions, groupRounds, prepareGroups, scaleRewards } from './groupPolicy.js';

export const grpo = algorithm({
  title: 'GRPO',
  critic: false,
  rounds: groupRounds,
  options: groupOptions.extend({ scaleRewards: scaleRewards.default('group') }),
  prepare: (rollouts, options, context) => prepareGroups(rollouts, { ...options, baseline: 'group' }, context),
  loss: groupLoss,
});
