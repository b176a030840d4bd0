/** Word level: a token for each word, operator, punctuation mark, line break and digit seen in training; the rest is `<unk>`. */
import {
  endTokenText,
  padTokenText,
  splitOn,
  type TokenizerJson,
  tokenizerJson,
  unknownTokenText,
} from './tokenizerJson.js';
import { countPieces, wordPattern } from './wordPieces.js';

/** Keeps the most frequent words where the vocabulary is too small for all. `templates` become one token each. */
export function trainWordLevel(
  texts: Iterable<string>,
  templates: readonly string[],
  vocabularySize: number,
): TokenizerJson {
  const specials = [padTokenText, endTokenText, unknownTokenText];
  const digits = [...'0123456789'];
  const words = countPieces(texts, templates, wordPattern)
    .map(([piece]) => piece)
    .filter((piece) => !digits.includes(piece));
  const tokens = [...specials, ...templates, ...digits, ...words].slice(0, vocabularySize);
  return tokenizerJson({
    addedTokens: [...specials, ...templates].map((content, id) => ({ id, content, special: id < specials.length })),
    preTokenizer: splitOn(wordPattern),
    decoder: { type: 'Fuse' },
    model: {
      type: 'WordLevel',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      unk_token: unknownTokenText,
    },
  });
}
