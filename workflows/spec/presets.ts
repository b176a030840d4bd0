/**
 * Named specifications to start from: `{"preset": "demo"}` is a whole run, and any field given beside it overrides.
 *
 * `demo` is what `npm start` runs: generated problems and a model small enough for minutes on two cores. `svamp` is the same
 * machinery on published questions. `smoke` touches every step in seconds and learns nothing: it is for tests.
 */
import type { z } from 'zod';
import type { specSchema } from './schema.js';

type Preset = z.input<typeof specSchema>;

const demo = {
  title: 'ReFT demo: generated word problems',
  data: { source: 'generated', docstring: false, train: 1_000, test: 1_000, validation: 200 },
  model: {
    hiddenSize: 64,
    layers: 2,
    heads: 4,
    keyValueHeads: 4,
    intermediateSize: 160,
    ropeBase: 1_000,
    maxPositions: 128,
  },
  generation: { maxAnswerTokens: 40, questionsPerShard: 125 },
  warmUp: {
    epochs: 20,
    batchSize: 16,
    optimiser: { learningRate: 4e-3, warmUpSteps: 50, beta2: 0.98, weightDecay: 0.01 },
  },
  // Long enough that its training compute is at least that of PPO with its rollouts.
  sft: {
    epochs: 60,
    batchSize: 16,
    optimiser: { learningRate: 2e-3, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  ppo: {
    epochs: 20,
    questionsPerRound: 250,
    miniBatch: 125,
    passes: 2,
    optimiser: { learningRate: 6e-4, beta2: 0.98 },
    klCoefficient: 0.01,
    valueCoefficient: 1,
  },
  offlineSelfTraining: {
    samplesPerQuestion: 20,
    batchSize: 16,
    optimiser: { learningRate: 4e-3, warmUpSteps: 50, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  onlineSelfTraining: {
    epochs: 20,
    questionsPerRound: 250,
    miniBatch: 125,
    passes: 2,
    optimiser: { learningRate: 6e-4, beta2: 0.98 },
  },
  expertIteration: {
    epochs: 5,
    questionsPerRound: 250,
    samplesPerQuestion: 4,
    miniBatch: 63,
    optimiser: { learningRate: 6e-4, beta2: 0.98 },
  },
  // As many answers as PPO has.
  groupPolicy: {
    epochs: 5,
    questionsPerRound: 125,
    samplesPerQuestion: 4,
    miniBatch: 250,
    passes: 2,
    optimiser: { learningRate: 6e-4, beta2: 0.98 },
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
  ppo: { ...demo.ppo, epochs: 4, optimiser: { learningRate: 4e-4, beta2: 0.98 } },
  offlineSelfTraining: {
    samplesPerQuestion: 8,
    epochs: 15,
    batchSize: 32,
    optimiser: { learningRate: 2e-3, warmUpSteps: 50, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  onlineSelfTraining: { ...demo.onlineSelfTraining, epochs: 4, optimiser: { learningRate: 4e-4, beta2: 0.98 } },
  expertIteration: { ...demo.expertIteration, epochs: 1, optimiser: { learningRate: 4e-4, beta2: 0.98 } },
  groupPolicy: { ...demo.groupPolicy, epochs: 1, optimiser: { learningRate: 4e-4, beta2: 0.98 } },
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
