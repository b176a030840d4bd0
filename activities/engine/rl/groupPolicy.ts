/**
 * What GRPO and RLOO have in common: several answers to each question, compared with each other instead of with a critic, PPO's
 * clipped loss, and a KL penalty in the reward or in the loss.
 *
 * The KL estimate in the loss is k3 of Schulman's "Approximating KL divergence" (2020), as in GRPO:
 * π_ref/π − log(π_ref/π) − 1, never negative.
 */
import { z } from 'zod';
import { at } from '../../invariant.js';
import { add, exp, multiply, subtract, sum } from '../graph/operators.js';
import type { LossInputs, PolicyLoss, PolicyRollout, PreparedRound, RoundContext } from './algorithm.js';
import { clippedSurrogate } from './clippedSurrogate.js';
import { ratioDiagnostics } from './diagnostics.js';
import { type GroupAdvantageOptions, groupAdvantages, mixedShare, rewardScalings } from './groupAdvantages.js';
import { lossNormalisations, tokenWeights } from './normalisation.js';
import { clipRangeOption } from './options.js';

/** Rounds of any algorithm that compares answers to one question: it needs two of them. */
export const groupRounds = { samplesPerQuestion: { least: 2, default: 4 }, ppoEpochs: 1 } as const;

export const groupOptions = z.strictObject({
  normalisation: z
    .enum(lossNormalisations)
    .default('sequence')
    .describe(
      'How answer tokens divide the loss of a step: `sequence` is a mean over each answer and then over answers, `token` a mean over all tokens (DAPO), `constant` a sum divided by answers × `generation.maxAnswerTokens` (Dr. GRPO).',
    ),
  klCoefficient: z.number().min(0).default(0).describe('β of the KL penalty against the warm-up. 0 leaves it out.'),
  klPlacement: z
    .enum(['reward', 'loss'])
    .default('loss')
    .describe('Whether the KL penalty is taken off an answer’s reward or added to the loss of each token.'),
  clipRange: clipRangeOption,
});

export const scaleRewards = z
  .enum(rewardScalings)
  .describe(
    'What advantages are divided by: the standard deviation of the rewards of a question (`group`), of all rewards of the round (`batch`), or nothing (`none`). With `group`, a question without a right answer trains as much as any other.',
  );

type GroupOptions = z.output<typeof groupOptions>;

export function prepareGroups(
  rollouts: readonly PolicyRollout[],
  { normalisation, klCoefficient, klPlacement, ...comparison }: Omit<GroupOptions, 'clipRange'> & GroupAdvantageOptions,
  { maxAnswerTokens, diagnostics }: RoundContext,
): PreparedRound {
  const penalty = klPlacement === 'reward' ? klCoefficient : 0;
  const scores = rollouts.map(
    ({ reward, logProbs, referenceLogProbs }) =>
      reward - penalty * logProbs.reduce((kl, own, token) => kl + own - at(referenceLogProbs, token), 0),
  );
  const groups = rollouts.map(({ group }) => group);
  const advantages = groupAdvantages(scores, groups, comparison);
  return {
    inputsOf: (miniBatch) => {
      const lengths = miniBatch.map((index) => at(rollouts, index).logProbs.length);
      const weights = tokenWeights(normalisation, lengths, maxAnswerTokens);
      const shares = tokenWeights('sequence', lengths, maxAnswerTokens);
      return miniBatch.map((index, place) => {
        const { logProbs, referenceLogProbs } = at(rollouts, index);
        return {
          old_log_probs: logProbs,
          reference_log_probs: referenceLogProbs,
          advantages: at(advantages, index),
          weights: at(weights, place),
          // Of metrics: a mean over each answer's tokens, then over answers, whatever the loss has.
          shares: at(shares, place),
        };
      });
    },
    metrics: {
      mixedGroups: mixedShare(
        rollouts.map(({ reward }) => reward),
        groups,
      ),
      klPenalty: klCoefficient * diagnostics.klPerSequence,
    },
  };
}

export function groupLoss(
  { logProbs, perToken }: LossInputs,
  options: Omit<GroupOptions, 'normalisation'>,
): PolicyLoss {
  const [weights, shares] = [perToken('weights'), perToken('shares')];
  const klCoefficient = options.klPlacement === 'loss' ? options.klCoefficient : 0;
  const surrogate = clippedSurrogate(logProbs, perToken('old_log_probs'), perToken('advantages'), options.clipRange);
  const policyLoss = sum(multiply(surrogate.loss, weights));
  const difference = subtract(perToken('reference_log_probs'), logProbs);
  const klLoss = sum(multiply(add(subtract(exp(difference), difference), -1), weights));
  // Without a penalty the estimate, which may be infinite, must not touch the loss.
  const total = add(policyLoss, klCoefficient > 0 ? multiply(klLoss, klCoefficient) : 0);
  const { metrics, peaks } = ratioDiagnostics(surrogate, shares);
  return { total, metrics: { policyLoss, klLoss, ...metrics }, peaks };
}
