/**
 * Named specifications to start from: `{"preset": "demo"}` is a whole run, and any field given beside it overrides.
 *
 * `demo` is what `npm start` runs: generated problems and a model small enough for minutes on two cores. `svamp` is the same
 * machinery on published questions. `smoke` touches every step in seconds and learns nothing: it is for tests.
 */
import type { z } from 'zod';
import type { specSchema } from './spec.js';

type Preset = z.input<typeof specSchema>;

/** Of every method that learns from its own answers. */
const onlineOptimiser = { learningRate: 1e-3, schedule: 'linear', beta2: 0.98 } as const;

/** Each method that samples draws 20,000 answers to training questions. */
const demo = {
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
    passes: 2,
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
    passes: 2,
    optimiser: onlineOptimiser,
  },
  expertIteration: {
    epochs: 2,
    questionsPerRound: 200,
    samplesPerQuestion: 5,
    miniBatch: 50,
    optimiser: onlineOptimiser,
  },
  groupPolicy: {
    epochs: 2,
    questionsPerRound: 100,
    samplesPerQuestion: 5,
    miniBatch: 250,
    passes: 2,
    optimiser: onlineOptimiser,
  },
  rewardModel: {
    samplesPerQuestion: 6,
    epochs: 3,
    batchSize: 32,
    optimiser: { learningRate: 1e-3, warmUpSteps: 50, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  evaluation: { everyRounds: 4, samplesPerQuestion: 8 },
} satisfies Preset;

const svamp: Preset = {
  ...demo,
  title: 'ReFT on SVAMP, from scratch',
  data: { source: 'svamp', docstring: false, validation: 200, tokenizer: { kind: 'bytePair', vocabularySize: 1_000 } },
  model: { ...demo.model, maxPositions: 512 },
  generation: { maxAnswerTokens: 100, questionsPerShard: 125 },
  warmUp: {
    epochs: 15,
    batchSize: 32,
    optimiser: { learningRate: 2e-3, warmUpSteps: 50, beta2: 0.98, weightDecay: 0.01 },
  },
  sft: {
    epochs: 15,
    batchSize: 32,
    optimiser: { learningRate: 1e-3, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  ppo: { ...demo.ppo, epochs: 4, optimiser: { ...onlineOptimiser, learningRate: 6e-4 } },
  offlineSelfTraining: {
    samplesPerQuestion: 8,
    epochs: 15,
    batchSize: 32,
    optimiser: { learningRate: 2e-3, warmUpSteps: 50, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  onlineSelfTraining: {
    ...demo.onlineSelfTraining,
    epochs: 4,
    optimiser: { ...onlineOptimiser, learningRate: 6e-4 },
  },
  expertIteration: { ...demo.expertIteration, epochs: 1, optimiser: { ...onlineOptimiser, learningRate: 6e-4 } },
  groupPolicy: { ...demo.groupPolicy, epochs: 1, optimiser: { ...onlineOptimiser, learningRate: 6e-4 } },
  rewardModel: {
    samplesPerQuestion: 2,
    epochs: 2,
    batchSize: 32,
    optimiser: { learningRate: 5e-4, warmUpSteps: 50, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  evaluation: { everyRounds: 6, samplesPerQuestion: 4 },
};

/** A pretrained model on real questions: adapters only, so that two cores go from import to report in well under an hour. */
const smollm2SvampLora: Preset = {
  title: 'ReFT on SVAMP: SmolLM2-135M with LoRA',
  data: { source: 'svamp', docstring: false, train: 480, validation: 40, test: 200 },
  model: { from: 'hf:HuggingFaceTB/SmolLM2-135M-Instruct' },
  lora: { rank: 16, alpha: 32, targetModules: 'all-linear' },
  generation: { maxAnswerTokens: 150, questionsPerShard: 60 },
  warmUp: { epochs: 2, batchSize: 16, optimiser: { learningRate: 1e-3, warmUpSteps: 15 } },
  ppo: {
    epochs: 1,
    questionsPerRound: 120,
    miniBatch: 20,
    passes: 1,
    optimiser: { learningRate: 3e-4 },
    klCoefficient: 0.01,
    valueCoefficient: 1,
  },
  evaluation: { everyRounds: 2, samplesPerQuestion: 4 },
};

const smoke: Preset = {
  title: 'Smoke test',
  data: { source: 'generated', docstring: false, train: 32, test: 16, validation: 8 },
  model: { hiddenSize: 32, layers: 1, heads: 2, keyValueHeads: 2, intermediateSize: 32, maxPositions: 128 },
  generation: { maxAnswerTokens: 24, questionsPerShard: 8 },
  warmUp: { epochs: 2, batchSize: 8, optimiser: { learningRate: 4e-3 } },
  sft: { epochs: 2, batchSize: 8, optimiser: { learningRate: 2e-3 } },
  ppo: { epochs: 2, questionsPerRound: 16, miniBatch: 8, optimiser: { learningRate: 6e-4 } },
  offlineSelfTraining: { samplesPerQuestion: 4, epochs: 2, batchSize: 8, optimiser: { learningRate: 4e-3 } },
  onlineSelfTraining: { epochs: 2, questionsPerRound: 16, miniBatch: 16, optimiser: { learningRate: 6e-4 } },
  expertIteration: {
    epochs: 2,
    questionsPerRound: 16,
    samplesPerQuestion: 2,
    miniBatch: 8,
    optimiser: { learningRate: 6e-4 },
  },
  groupPolicy: {
    epochs: 2,
    questionsPerRound: 16,
    samplesPerQuestion: 2,
    miniBatch: 16,
    optimiser: { learningRate: 6e-4 },
  },
  rewardModel: { samplesPerQuestion: 2, epochs: 1, batchSize: 8, optimiser: { learningRate: 1e-3 } },
  evaluation: { everyRounds: 1, samplesPerQuestion: 2 },
};

export const presets: Readonly<Record<string, Preset>> = { demo, svamp, 'smollm2-svamp-lora': smollm2SvampLora, smoke };
