/**
 * What algorithms that compare several answers to each question have in common, instead of a critic: PPO's clipped loss, and a KL
 * penalty in the reward or in the loss. GRPO, Dr. GRPO, RLOO, DAPO and GSPO are made of it.
 */
import { z } from 'zod';
import { at } from '../../invariant.js';
import { add, exp, multiply, subtract, sum } from '../graph/operators.js';
import type { LossInputs, PolicyLoss, PolicyRollout, PreparedRound, RoundContext } from './algorithm.js';
import { clippedSurrogate } from './clippedSurrogate.js';
import { ratioDiagnostics } from './diagnostics.js';
import { type DynamicSampling, dynamicSamplingMeaning, dynamicSamplingSchema } from './dynamicSampling.js';
import { type GroupAdvantageOptions, groupAdvantages, rewardScalings, shareWithoutSignal } from './groupAdvantages.js';
import { answerKl, klTensor, meanAnswerKl } from './kl.js';
import { lossNormalisations, tokenWeights, weighedAnswers } from './normalisation.js';
import { clipRangeMeaning, clipRangeOption, commonOptions, type KlEstimator, klEstimators } from './options.js';
import { correctAdvantages } from './samplingCorrection.js';

/** Rows of the registry for such algorithms: two answers are the fewest that can be compared. */
export const groupAlgorithm = {
  critic: false,
  rounds: { samplesPerQuestion: { least: 2, default: 4 }, ppoEpochs: 1 },
  dynamicSampling: ({ dynamicSampling }: { readonly dynamicSampling: DynamicSampling | null }) => dynamicSampling,
} as const;

export const groupOptions = z.strictObject({
  normalisation: z
    .enum(lossNormalisations)
    .default('sequence')
    .describe(
      'How answer tokens divide the loss of a step: `sequence` is a mean over each answer and then over answers, `token` a mean over all tokens (DAPO), `constant` a sum divided by answers × `generation.maxAnswerTokens` (Dr. GRPO).',
    ),
  klCoefficient: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe('β of the KL penalty against the warm-up. 0 leaves it out.'),
  klPlacement: z
    .enum(['reward', 'loss'])
    .default('loss')
    .describe('Whether the KL penalty is taken off an answer’s reward or added to the loss of each token.'),
  klEstimator: z
    .enum(klEstimators)
    .nullable()
    .default(null)
    .describe(
      'How the KL is estimated from the sampled tokens (Schulman, 2020). Null is `k3` in the loss, as GRPO has it, and `k1` in the reward. In the loss `k1` holds nothing back: its gradient is 0 on average.',
    ),
  clipRange: clipRangeOption(0.2, 0.2).describe(clipRangeMeaning),
  dynamicSampling: dynamicSamplingSchema.nullable().default(null).describe(dynamicSamplingMeaning),
  ...commonOptions,
});

export const scaleRewards = z
  .enum(rewardScalings)
  .describe(
    'What advantages are divided by: the standard deviation of the rewards of a question (`group`), of all rewards of the round (`batch`), or nothing (`none`). With `group`, a question without a right answer trains as much as any other, unless `dynamicSampling` drops it.',
  );

type GroupOptions = z.output<typeof groupOptions>;

/** Whether π / π_old is that of each token, or of the whole answer: the geometric mean of its tokens'. */
type RatioLevel = 'token' | 'answer';

export function prepareGroups(
  rollouts: readonly PolicyRollout[],
  options: Omit<GroupOptions, 'clipRange' | 'dynamicSampling'> & GroupAdvantageOptions,
  { maxAnswerTokens, diagnostics }: RoundContext,
): PreparedRound {
  const { normalisation, klCoefficient, klPlacement, samplingCorrection } = options;
  const estimator = estimatorOf(options);
  const isInReward = klPlacement === 'reward' && klCoefficient > 0;
  const penalties = rollouts.map((rollout) => (isInReward ? klCoefficient * answerKl(estimator, rollout) : 0));
  const scores = rollouts.map(({ reward }, index) => reward - at(penalties, index));
  const groups = rollouts.map(({ group }) => group);
  const advantages = groupAdvantages(scores, groups, options);
  return {
    inputsOf: (miniBatch) => {
      const answers = weighedAnswers(rollouts, miniBatch, options);
      const weights = tokenWeights(normalisation, answers, maxAnswerTokens);
      const shares = tokenWeights('sequence', answers, maxAnswerTokens);
      return miniBatch.map((index, place) => {
        const rollout = at(rollouts, index);
        return {
          old_log_probs: rollout.logProbs,
          reference_log_probs: rollout.referenceLogProbs,
          advantages: correctAdvantages(at(advantages, index), rollout, samplingCorrection),
          weights: at(weights, place),
          // Of metrics: a mean over each answer's tokens, then over answers, whatever the loss has.
          shares: at(shares, place),
        };
      });
    },
    metrics: {
      groupsWithoutSignal: shareWithoutSignal(
        rollouts.map(({ reward }) => reward),
        groups,
      ),
      klPenalty: klCoefficient * (isInReward ? meanAnswerKl(estimator, rollouts) : diagnostics.klPerSequence),
    },
  };
}

export function groupLoss(
  { logProbs, perToken, answerMeans }: LossInputs,
  options: Pick<GroupOptions, 'klCoefficient' | 'klPlacement' | 'klEstimator' | 'clipRange'>,
  level: RatioLevel = 'token',
): PolicyLoss {
  const [weights, shares] = [perToken('weights'), perToken('shares')];
  const klCoefficient = options.klPlacement === 'loss' ? options.klCoefficient : 0;
  const tokenLogRatio = subtract(logProbs, perToken('old_log_probs'));
  const logRatio = level === 'answer' ? answerMeans(tokenLogRatio) : tokenLogRatio;
  const surrogate = clippedSurrogate(logRatio, perToken('advantages'), options.clipRange);
  const policyLoss = sum(multiply(surrogate.loss, weights));
  const kl = klTensor(estimatorOf({ ...options, klPlacement: 'loss' }), logProbs, perToken('reference_log_probs'));
  const klLoss = sum(multiply(kl, weights));
  // Without a penalty the estimate, which may be infinite, must not touch the loss.
  const total = add(policyLoss, klCoefficient > 0 ? multiply(klLoss, klCoefficient) : 0);
  const ofTokens = level === 'answer' ? { ratio: exp(tokenLogRatio), logRatio: tokenLogRatio } : surrogate;
  const { metrics, peaks } = ratioDiagnostics(surrogate, shares, ofTokens);
  return { total, metrics: { policyLoss, klLoss, ...metrics }, peaks };
}

function estimatorOf({ klEstimator, klPlacement }: Pick<GroupOptions, 'klEstimator' | 'klPlacement'>): KlEstimator {
  return klEstimator ?? (klPlacement === 'reward' ? 'k1' : 'k3');
}
