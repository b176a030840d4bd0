/** The registry of architectures: a config's `model_type` says which model it is for. */
import type { ModelConfig } from './configs/types.js';
import { gpt2 } from './gpt2.js';
import type { LanguageModel } from './languageModel.js';
import { llama, qwen2 } from './llama.js';
import { opt } from './opt.js';

export function languageModel(config: ModelConfig): LanguageModel {
  switch (config.model_type) {
    case 'llama':
      return llama(config);
    case 'qwen2':
      return qwen2(config);
    case 'gpt2':
      return gpt2(config);
    case 'opt':
      return opt(config);
  }
}
