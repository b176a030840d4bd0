/** The preset `smoke`. */
import type { SpecPreset } from '../spec.js';

/** Of every method that compares answers to one question. */
const groupRounds = {
  epochs: 2,
  questionsPerRound: 16,
  samplesPerQuestion: 2,
  miniBatch: 16,
  optimiser: { learningRate: 6e-4 },
} as const;

export const smoke: SpecPreset = {
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
  grpo: groupRounds,
  dapo: groupRounds,
  gspo: groupRounds,
  rewardModel: { samplesPerQuestion: 2, epochs: 1, batchSize: 8, optimiser: { learningRate: 1e-3 } },
  evaluation: { everyRounds: 1, samplesPerQuestion: 2 },
};
