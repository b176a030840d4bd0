/** The preset `qwen2.5-1.5b-gsm8k-lora`. */
import type { SpecPreset } from '../spec.js';
import { codellama7bGsm8k } from './codellama7bGsm8k.js';

export const qwen1p5bGsm8kLora = {
  ...codellama7bGsm8k,
  title: 'ReFT on GSM8K: Qwen2.5-1.5B with LoRA',
  model: { from: 'hf:Qwen/Qwen2.5-1.5B' },
  compute: { precision: 'bfloat16' },
  ppo: { ...codellama7bGsm8k.ppo, epochs: 5, questionsPerRound: 128, optimiser: { learningRate: 1e-5 } },
  rewardModel: { ...codellama7bGsm8k.rewardModel, samplesPerQuestion: 10 },
  evaluation: { everyRounds: 19, samplesPerQuestion: 16 },
} satisfies SpecPreset;
