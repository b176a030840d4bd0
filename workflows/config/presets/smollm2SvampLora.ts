/** The preset `smollm2-svamp-lora`. */
import type { SpecPreset } from '../spec.js';

export const smollm2SvampLora: SpecPreset = {
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
    ppoEpochs: 1,
    optimiser: { learningRate: 3e-4 },
    klCoefficient: 0.01,
    valueCoefficient: 1,
  },
  evaluation: { everyRounds: 2, samplesPerQuestion: 4 },
};
