/** Trains a tokenizer on a run's training texts. The result is a standard Hugging Face `tokenizer.json`. */
import type { DataSpec } from '../../../workflows/config/data.js';
import { trainBytePair } from './bytePair.js';
import type { TokenizerJson } from './tokenizerJson.js';
import { trainWordLevel } from './wordLevel.js';

export interface TokenizerOptions {
  readonly kind: DataSpec['tokenizer']['kind'];
  /** The most tokens there may be, special ones included. */
  readonly vocabularySize: number;
  /** Texts that shall be one token each wherever they occur; those that do not occur are left out. */
  readonly templates: readonly string[];
}

/** The same texts in the same order give the same tokenizer. Every digit is a token of its own. */
export function trainTokenizer(texts: readonly string[], options: TokenizerOptions): TokenizerJson {
  const templates = options.templates.filter((template) => texts.some((text) => text.includes(template)));
  const train = options.kind === 'word' ? trainWordLevel : trainBytePair;
  return train(texts, templates, options.vocabularySize);
}
