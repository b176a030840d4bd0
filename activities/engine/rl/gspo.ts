/**
 * GSPO (Zheng et al., 2025): the ratio π / π_old is that of a whole answer, as it is the answer that is rewarded. It is the geometric
 * mean of the tokens' ratios, s = exp(mean of log π − log π_old over the answer), so it moves far less than theirs and its clip
 * range is far smaller. Advantages are GRPO's, and every answer weighs the same.
 */
import { algorithm } from './algorithm.js';
import { groupAlgorithm, groupLoss, groupOptions, prepareGroups, scaleRewards } from './groupPolicy.js';
import { clipRangeOption } from './options.js';

export const gspo = algorithm({
  ...groupAlgorithm,
  title: 'GSPO',
  roundsLike: 'grpo',
  options: groupOptions.omit({ normalisation: true }).extend({
    scaleRewards: scaleRewards.default('group'),
    clipRange: clipRangeOption(3e-4, 4e-4).describe(
      'How far the ratio of an answer counts below and above 1 (published, section 5.1: 3e-4 and 4e-4, for updates of learning rates near 1e-6).',
    ),
  }),
  prepare: (rollouts, options, context) =>
    prepareGroups(rollouts, { ...options, baseline: 'group', normalisation: 'sequence' }, context),
  loss: (inputs, options) => groupLoss(inputs, options, 'answer'),
});
