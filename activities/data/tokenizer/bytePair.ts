/** Byte-level byte-pair encoding: starts from the 256 bytes, so it can spell any text, and learns the frequent runs of them. */

import { InvalidSpec } from '../../errors.js';
import { at, required } from '../../invariant.js';
import { byteAlphabet, writeBytes } from './byteLevel.js';
import { mergePairs, type Word } from './mergePairs.js';
import { endTokenText, padTokenText, splitOn, type TokenizerJson, tokenizerJson } from './tokenizerJson.js';
import { bytePattern, countPieces } from './wordPieces.js';

/**
 * `templates` become one token each; digits never merge, with each other or with anything else.
 *
 * @throws InvalidSpec when the vocabulary has no room for the bytes.
 */
export function trainBytePair(
  texts: Iterable<string>,
  templates: readonly string[],
  vocabularySize: number,
  onProgress: (done: number, total: number) => void,
): TokenizerJson {
  const specials = [padTokenText, endTokenText];
  const tokens = [...specials, ...templates, ...byteAlphabet];
  if (vocabularySize < tokens.length)
    throw new InvalidSpec(
      `data.tokenizer.vocabularySize must be at least ${tokens.length} for bytePair, got ${vocabularySize}`,
    );
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const words = countPieces(texts, templates, bytePattern).map(
    ([piece, count]): Word => ({
      symbols: [...writeBytes(piece)].map((symbol) => required(ids.get(symbol), 'the token of a byte')),
      count,
    }),
  );
  const merges = mergePairs(words, tokens.length, vocabularySize - tokens.length, onProgress).map(({ left, right }) => {
    const pair: [string, string] = [at(tokens, left), at(tokens, right)];
    tokens.push(pair.join(''));
    return pair;
  });
  return tokenizerJson({
    addedTokens: [...specials, ...templates].map((content, id) => ({ id, content, special: id < specials.length })),
    preTokenizer: {
      type: 'Sequence',
      pretokenizers: [
        splitOn(bytePattern),
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  });
}
