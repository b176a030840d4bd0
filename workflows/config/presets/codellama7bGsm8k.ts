/** The preset `codellama-7b-gsm8k`: the paper's main run, from which the other presets on GSM8K take what they share. */
import type { SpecPreset } from '../spec.js';

/**
 * Rates are ten times the paper's, which trains every weight: adapters of a low rank want about that. With `lora: null` the paper's are
 * 1e-5 for supervised training, 3e-7 for PPO and 1e-6 for the reward model.
 */
export const codellama7bGsm8k = {
  title: 'ReFT on GSM8K: CodeLlama-7B with LoRA',
  data: { source: 'gsm8k', validation: 200 },
  model: { from: 'hf:codellama/CodeLlama-7b-hf' },
  lora: { rank: 16, alpha: 32, targetModules: 'all-linear' },
  compute: { precision: 'bfloat16', recompute: true },
  generation: { maxAnswerTokens: 400, questionsPerShard: 256 },
  // A tenth of the steps of two epochs over 7,273 questions.
  warmUp: { epochs: 2, batchSize: 48, optimiser: { learningRate: 1e-4, schedule: 'linear', warmUpSteps: 30 } },
  ppo: {
    epochs: 300,
    questionsPerRound: 32,
    miniBatch: 32,
    ppoEpochs: 2,
    optimiser: { learningRate: 3e-6 },
    klCoefficient: 0.01,
    valueCoefficient: 5,
  },
  rewardModel: { samplesPerQuestion: 100, epochs: 3, batchSize: 32, optimiser: { learningRate: 1e-5 } },
  // Once an epoch.
  evaluation: { everyRounds: 228, samplesPerQuestion: 100 },
} satisfies SpecPreset;
