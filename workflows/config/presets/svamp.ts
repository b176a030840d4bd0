/** The preset `svamp`. */
import type { SpecPreset } from '../spec.js';
import { demo, onlineOptimiser } from './demo.js';

export const svamp: SpecPreset = {
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
  grpo: { ...demo.grpo, epochs: 1, optimiser: { ...onlineOptimiser, learningRate: 6e-4 } },
  dapo: { ...demo.dapo, optimiser: { ...onlineOptimiser, learningRate: 6e-4 } },
  gspo: { ...demo.gspo, epochs: 1, optimiser: { ...onlineOptimiser, learningRate: 6e-4 } },
  rewardModel: {
    samplesPerQuestion: 2,
    epochs: 2,
    batchSize: 32,
    optimiser: { learningRate: 5e-4, warmUpSteps: 50, schedule: 'linear', beta2: 0.98, weightDecay: 0.01 },
  },
  evaluation: { everyRounds: 6, samplesPerQuestion: 4 },
};
