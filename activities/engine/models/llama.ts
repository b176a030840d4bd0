/** Llama, and what is built like it: CodeLLAMA, SmolLM2. No biases anywhere. */
import type { LlamaConfig } from './configs/types.js';
import type { LanguageModel } from './languageModel.js';
import { rotaryDecoder } from './rotaryDecoder.js';

export function llama(config: LlamaConfig): LanguageModel {
  return rotaryDecoder(config, { attentionBias: false });
}
