/**
 * PPO as ReFT has it (section "PPO" of the paper; Schulman et al., 2017): rewards with a KL penalty against the warm-up, a
 * critic on the shared trunk, generalised advantage estimation, advantages whitened over the round.
 *
 * Per token: policy max(−Âρ, −Â·clip(ρ, 1±ε)) with ρ = exp(log π − log π_old); value ½·max((V−R)², (clip(V, V_old±ε_v)−R)²).
 * Every answer weighs the same, and every token within it.
 */
import { z } from 'zod';
import { at } from '../../invariant.js';
import { add, maximum, multiply, subtract, sum } from '../graph/operators.js';
import { algorithm } from './algorithm.js';
import { clamp, clippedSurrogate } from './clippedSurrogate.js';
import { explainedVariance, ratioDiagnostics } from './diagnostics.js';
import { generalisedAdvantages, tokenRewards, whiten } from './gae.js';
import { klEstimate, meanAnswerKl } from './kl.js';
import { tokenWeights, weighedAnswers } from './normalisation.js';
import { clipRangeMeaning, clipRangeOption, commonOptions, klEstimators } from './options.js';
import { correctAdvantages } from './samplingCorrection.js';

const share = z.number().min(0).max(1);

export const ppo = algorithm({
  title: 'PPO',
  critic: true,
  rounds: { samplesPerQuestion: { least: 1, default: 1 }, ppoEpochs: 2 },
  options: z.strictObject({
    klCoefficient: z
      .number()
      .min(0)
      .max(100)
      .default(0.01)
      .describe(
        'β of the KL penalty per token that is taken off the reward (paper, 4.3: 0.01 for P-CoT, 0.05 for N-CoT).',
      ),
    klEstimator: z
      .enum(klEstimators)
      .default('k1')
      .describe('How the KL of a token is estimated from it (Schulman, 2020); `k1` is log π − log π_ref (paper).'),
    valueCoefficient: z
      .number()
      .min(0)
      .max(1_000)
      .default(5)
      .describe('α, the weight of the value loss in the whole loss (paper, 4.3: 5).'),
    gamma: share.default(1).describe('γ, the discount of later rewards (paper’s code: 1).'),
    lambda: share.default(0.95).describe('λ of generalised advantage estimation (paper’s code: 0.95).'),
    clipRange: clipRangeOption(0.2, 0.2).describe(clipRangeMeaning),
    valueClipRange: z
      .number()
      .positive()
      .max(1_000)
      .default(0.2)
      .describe('How far a value may move from the old one before its loss is clipped (paper’s code: 0.2).'),
    ...commonOptions,
  }),

  prepare: (rollouts, options, { maxAnswerTokens }) => {
    const { klCoefficient, klEstimator, gamma, lambda, samplingCorrection } = options;
    const penalties = rollouts.map(({ logProbs, referenceLogProbs }) =>
      Float64Array.from(
        logProbs,
        (logProb, token) => klCoefficient * klEstimate(klEstimator, logProb, at(referenceLogProbs, token)),
      ),
    );
    const estimates = rollouts.map(({ reward, values }, index) =>
      generalisedAdvantages(tokenRewards(reward, at(penalties, index)), values, gamma, lambda),
    );
    const whitened = whiten(estimates.map(({ advantages }) => advantages));
    return {
      inputsOf: (miniBatch) => {
        const weights = tokenWeights('sequence', weighedAnswers(rollouts, miniBatch, options), maxAnswerTokens);
        return miniBatch.map((index, place) => {
          const rollout = at(rollouts, index);
          return {
            old_log_probs: rollout.logProbs,
            old_values: rollout.values,
            advantages: correctAdvantages(at(whitened, index), rollout, samplingCorrection),
            returns: at(estimates, index).returns,
            weights: at(weights, place),
          };
        });
      },
      metrics: {
        klPenalty: klCoefficient * meanAnswerKl(klEstimator, rollouts),
        explainedVariance: explainedVariance(
          estimates.flatMap(({ returns }) => [...returns]),
          rollouts.flatMap(({ values }) => [...values]),
        ),
      },
    };
  },

  loss: ({ logProbs, values, perToken }, { clipRange, valueClipRange, valueCoefficient }) => {
    const value = values();
    const [oldValues, returns, weights] = [perToken('old_values'), perToken('returns'), perToken('weights')];
    const logRatio = subtract(logProbs, perToken('old_log_probs'));
    const surrogate = clippedSurrogate(logRatio, perToken('advantages'), clipRange);
    const policyLoss = sum(multiply(surrogate.loss, weights));

    const nearOldValues = add(oldValues, clamp(subtract(value, oldValues), -valueClipRange, valueClipRange));
    const error = subtract(value, returns);
    const clippedError = subtract(nearOldValues, returns);
    const squared = maximum(multiply(error, error), multiply(clippedError, clippedError));
    const valueLoss = multiply(sum(multiply(squared, weights)), 0.5);

    const total = add(policyLoss, multiply(valueLoss, valueCoefficient));
    const { metrics, peaks } = ratioDiagnostics(surrogate, weights);
    return { total, metrics: { policyLoss, valueLoss, ...metrics }, peaks };
  },
});
