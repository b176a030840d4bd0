/** From the token ids of a published `config.json` to the ones that the engine works with. */
import type { PublishedTokens, Refusal } from './configFields.js';

/** The end and padding tokens are known once a model is imported, even if null in its `config.json`. */
export interface TokenConfig {
  readonly bos_token_id: number | null;
  /** Of several, the first is the one that a model learns to end its answers with. */
  readonly eos_token_id: number | readonly number[];
  readonly pad_token_id: number;
}

/** What other files of a published model say of its tokens. */
export interface TokenizerTokens {
  /** The tokenizer's end and padding tokens, for configs that lack them or list several end tokens. */
  readonly end?: number | undefined;
  readonly pad?: number | undefined;
  /** Of `generation_config.json`, which stands above the config, as in transformers. */
  readonly generationEnds?: number | null | readonly number[] | undefined;
}

/** @throws InvalidModel when no file says which token ends an answer. */
export function readTokens(published: PublishedTokens, named: TokenizerTokens, refusal: Refusal): TokenConfig {
  const ends = endTokens(published.eos_token_id, named, refusal);
  const [end, ...more] = ends;
  const [pad = named.pad ?? end] = [published.pad_token_id].filter(isToken);
  return {
    bos_token_id: isToken(published.bos_token_id) ? published.bos_token_id : null,
    eos_token_id: more.length === 0 ? end : ends,
    pad_token_id: pad,
  };
}

/** The tokens that end an answer. */
export function endTokensOf({ eos_token_id: ends }: Pick<TokenConfig, 'eos_token_id'>): readonly number[] {
  return typeof ends === 'number' ? [ends] : ends;
}

/**
 * Each of the tokens ends an answer. A model learns to end its answers with the one that the tokenizer names, if it is among them:
 * chat models put it at the end of each turn, as Llama 3 does with `<|eot_id|>`, while `<|end_of_text|>` ends a document.
 */
function endTokens(
  given: PublishedTokens['eos_token_id'],
  { end: named, generationEnds = null }: TokenizerTokens,
  refusal: Refusal,
): readonly [number, ...number[]] {
  const listed = [generationEnds, given].map((ends) => [...new Set([ends].flat().filter(isToken))]);
  const [ends = []] = listed.filter(({ length }) => length > 0);
  const [first = named, ...others] = ends;
  if (first === undefined)
    throw refusal('eos_token_id is missing, and neither generation_config.json nor tokenizer_config.json names an end');
  if (named === undefined || !ends.includes(named)) return [first, ...others];
  return [named, ...ends.filter((end) => end !== named)];
}

function isToken(id: number | null): id is number {
  return id !== null && id >= 0;
}
