/** The parts of a Hugging Face `tokenizer.json` that both kinds of tokenizer share, its special tokens among them. */

/** The special tokens of every tokenizer trained here, in the order of their ids. */
export const padTokenText = '<pad>';
export const endTokenText = '</s>';
/** Word level only: a byte-level tokenizer can spell any text. */
export const unknownTokenText = '<unk>';

/** An entry of `added_tokens`: text that is one token before any splitting. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

export interface TokenizerJson {
  readonly version: '1.0';
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly object[];
  readonly normalizer: null;
  readonly pre_tokenizer: object;
  readonly post_processor: null;
  readonly decoder: object;
  readonly model: object;
}

export interface TokenizerParts {
  readonly addedTokens: readonly AddedToken[];
  readonly preTokenizer: object;
  readonly decoder: object;
  readonly model: object;
}

/** A whole `tokenizer.json`. No post-processor: prompts get no beginning token, and answers get their EOS from the caller. */
export function tokenizerJson({ addedTokens, preTokenizer, decoder, model }: TokenizerParts): TokenizerJson {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens.map((token) => ({
      ...token,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder,
    model,
  };
}

/** A pre-tokenizer that cuts text at every match of `pattern` and keeps all of it. */
export function splitOn(pattern: string): object {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}
