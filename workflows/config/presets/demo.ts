/** The preset `demo`, from which others take what they share. */
import type { SpecPreset } from '../spec.js';

/** Of every method that learns from its own answers. */
export const onlineOptimiser = { learningRate: 1e-3, schedule: 'linear', beta2: 0.98 } as const;

/** Of methods that compare answers to one question. */
const groupRounds = {
  epochs: 2,
  questionsPerRound: 100,
  samplesPerQuestion: 5,
  miniBatch: 250,
  ppoEpochs: 2,
  optimiser: onlineOptimiser,
} as const;

export const demo = {
  title: 'ReFT demo: generated word problems',
  // With half as many, policies learn the questions by heart: twice the epochs leave them 5 to 15 points below.
  data: { source: 'generated', docstring: false, train: 2_000, test: 1_000, validation: 200 },
  model: {
    hiddenSize: 64,
    layers: 2,
    heads: 4,
    keyValueHeads: 4,
    intermediateSize: 160,
    ropeBase: 1_000,
    maxPositions: 128,
  },
  generation: { maxAnswerTokens: 40, questionsPerShard: 250 },
  warmUp: {
    epochs: 20,
    batchSize: 16,
    optimiser: { learningRate: 4e-3, warmUpSteps: 50, beta2: 0.98, weightDecay: 0.01 },
  },
  // Long enough that its training compute is at least that of PPO with its rollouts.
  sft: {
    epochs: 35,
    batchSize: 16,
    optimiser: { learningRate: 2e-3, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  // The critic starts from nothing and shares a small trunk: bootstrapping from it (λ < 1) keeps the reward from an answer's
  // first tokens, and a large coefficient gives the trunk to it.
  ppo: {
    epochs: 10,
    questionsPerRound: 250,
    miniBatch: 125,
    ppoEpochs: 2,
    optimiser: onlineOptimiser,
    klCoefficient: 0.01,
    valueCoefficient: 0.1,
    lambda: 1,
  },
  // As many steps as twenty epochs over half the questions.
  offlineSelfTraining: {
    samplesPerQuestion: 10,
    epochs: 10,
    batchSize: 16,
    optimiser: { learningRate: 4e-3, warmUpSteps: 50, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  onlineSelfTraining: {
    epochs: 10,
    questionsPerRound: 250,
    miniBatch: 125,
    epochsPerRound: 2,
    optimiser: onlineOptimiser,
  },
  expertIteration: {
    epochs: 2,
    questionsPerRound: 200,
    samplesPerQuestion: 5,
    miniBatch: 50,
    optimiser: onlineOptimiser,
  },
  grpo: groupRounds,
  // A round draws up to twice its questions. Half the epochs in smaller rounds: no more answers than GRPO, in as many updates.
  dapo: {
    ...groupRounds,
    epochs: 1,
    questionsPerRound: 50,
    miniBatch: 125,
    dynamicSampling: { maxExtraBatches: 1 },
  },
  gspo: groupRounds,
  rewardModel: {
    samplesPerQuestion: 6,
    epochs: 3,
    batchSize: 32,
    optimiser: { learningRate: 1e-3, warmUpSteps: 50, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  evaluation: { everyRounds: 4, samplesPerQuestion: 8 },
} satisfies SpecPreset;
