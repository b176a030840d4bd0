/** Encoding and decoding with a `tokenizer.json`, through Hugging Face's own JavaScript implementation. */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { InvalidData } from '../../errors.js';
import { endTokenText, padTokenText, unknownTokenText } from './tokenizerJson.js';

export interface Tokenizer {
  /** Token ids of a text; no special tokens are added. */
  encode(text: string): number[];
  /** The text up to the first EOS; padding is skipped. `decode(encode(text))` is `text` where every word is known. */
  decode(tokens: readonly number[]): string;
  readonly endToken: number;
  readonly padToken: number;
  readonly vocabularySize: number;
}

/** Ids of the tokens that end an answer and fill up a batch. */
export interface SpecialTokens {
  readonly endToken: number;
  readonly padToken: number;
}

/**
 * A tokenizer from a parsed `tokenizer.json`.
 *
 * @param special of a pretrained tokenizer; left out, those that `trainTokenizer` makes are looked up.
 * @throws InvalidData when it is no tokenizer.json, or lacks the special tokens.
 */
export function loadTokenizer(json: unknown, special?: SpecialTokens): Tokenizer {
  const tokenizer = parse(json);
  const specialToken = (text: string): number => {
    const id = tokenizer.token_to_id(text);
    if (id === undefined) throw new InvalidData(`tokenizer.json has no token ${text}`);
    return id;
  };
  const endToken = special?.endToken ?? specialToken(endTokenText);
  const padToken = special?.padToken ?? specialToken(padTokenText);
  const swallowsSpace = losesFirstSpace(tokenizer);
  return {
    endToken,
    padToken,
    vocabularySize: tokenizer.get_vocab().size,
    encode: (text) => idsOf(tokenizer, swallowsSpace && text.startsWith(' ') ? ` ${text}` : text),
    decode: (tokens) => {
      const end = tokens.indexOf(endToken);
      const kept = (end < 0 ? tokens : tokens.slice(0, end)).filter((token) => token !== padToken);
      return textOf(tokenizer, kept);
    },
  };
}

/**
 * Metaspace puts a space before a text unless there is one, and decoding takes the first away: a program's first line would lose
 * some of its indentation. Such a text is given one space more, as SentencePiece itself and its older conversions do.
 */
function losesFirstSpace(tokenizer: HuggingFaceTokenizer): boolean {
  return textOf(tokenizer, idsOf(tokenizer, '  x')) === ' x' && textOf(tokenizer, idsOf(tokenizer, '   x')) === '  x';
}

function idsOf(tokenizer: HuggingFaceTokenizer, text: string): number[] {
  return tokenizer.encode(text, { add_special_tokens: false }).ids;
}

function textOf(tokenizer: HuggingFaceTokenizer, ids: number[]): string {
  return ids.length === 0 ? '' : tokenizer.decode(ids, { clean_up_tokenization_spaces: false });
}

function parse(json: unknown): HuggingFaceTokenizer {
  if (typeof json !== 'object' || json === null) throw new InvalidData('tokenizer.json must be a JSON object');
  try {
    return new HuggingFaceTokenizer(json, { unk_token: unknownTokenText });
  } catch (error) {
    throw new InvalidData(`tokenizer.json cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}
