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

/** Told how many of the vocabulary's merges have been learned; a word-level tokenizer learns none. */
export type TrainingProgress = (done: number, total: number) => void;

/**
 * The same texts in the same order give the same tokenizer. Every digit is a token of its own.
 * @param texts gone through twice; only their distinct pieces are held in memory.
 */
export function trainTokenizer(
  texts: Iterable<string>,
  options: TokenizerOptions,
  onProgress: TrainingProgress = () => undefined,
): TokenizerJson {
  const templates = occurring(options.templates, texts);
  const { kind, vocabularySize } = options;
  return kind === 'word'
    ? trainWordLevel(texts, templates, vocabularySize)
    : trainBytePair(texts, templates, vocabularySize, onProgress);
}

/** Those of the templates that some text has, in their order. */
function occurring(templates: readonly string[], texts: Iterable<string>): readonly string[] {
  const missing = new Set(templates);
  for (const text of texts) {
    for (const template of missing) if (text.includes(template)) missing.delete(template);
    if (missing.size === 0) break;
  }
  return templates.filter((template) => !missing.has(template));
}
