/** Qwen2 and Qwen2.5: Llama's decoder with biases on queries, keys and values. */
import type { Qwen2Config } from './configs/types.js';
import type { LanguageModel } from './languageModel.js';
import { rotaryDecoder } from './rotaryDecoder.js';

export function qwen2(config: Qwen2Config): LanguageModel {
  return rotaryDecoder(config, { attentionBias: true });
}
