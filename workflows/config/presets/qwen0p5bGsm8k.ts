/** The preset `qwen2.5-0.5b-gsm8k`: every weight of a small model. */
import type { SpecPreset } from '../spec.js';
import { qwen1p5bGsm8kLora } from './qwen1p5bGsm8kLora.js';

const { warmUp, ppo, rewardModel } = qwen1p5bGsm8kLora;

/** Rates are the paper's for a small model. */
export const qwen0p5bGsm8k: SpecPreset = {
  ...qwen1p5bGsm8kLora,
  title: 'ReFT on GSM8K: Qwen2.5-0.5B',
  model: { from: 'hf:Qwen/Qwen2.5-0.5B' },
  lora: null,
  warmUp: { ...warmUp, optimiser: { ...warmUp.optimiser, learningRate: 1e-5 } },
  ppo: { ...ppo, optimiser: { learningRate: 3e-6 } },
  rewardModel: { ...rewardModel, optimiser: { learningRate: 1e-6 } },
};
