/** From the token ids of a published `config.json` to the ones that the engine works with. */
import type { PublishedTokens, Refusal } from './configFields.js';

/** The end and padding tokens are known once a model is imported, even if null or a list in its `config.json`. */
export interface TokenConfig {
  readonly bos_token_id: number | null;
  readonly eos_token_id: number;
  readonly pad_token_id: number;
}

/** Ids of the tokenizer's end and padding tokens, for configs that lack them or list several end tokens. */
export interface TokenizerTokens {
  readonly end?: number | undefined;
  readonly pad?: number | undefined;
}

/** @throws InvalidModel when neither the config nor the tokenizer says which token ends an answer. */
export function readTokens(published: PublishedTokens, named: TokenizerTokens, refusal: Refusal): TokenConfig {
  const end = endToken(published.eos_token_id, named.end, refusal);
  const [pad = named.pad ?? end] = [published.pad_token_id].filter(isToken);
  return {
    bos_token_id: isToken(published.bos_token_id) ? published.bos_token_id : null,
    eos_token_id: end,
    pad_token_id: pad,
  };
}

/**
 * A model learns to end its answers with one token. Of several, it is the one that the tokenizer names: chat models put it at the
 * end of each turn. The others of the list do not end answers, such as `<|end_of_text|>` in Llama 3, whose turns end with
 * `<|eot_id|>`.
 */
function endToken(given: number | null | readonly number[], named: number | undefined, refusal: Refusal): number {
  const ends = [...new Set([given].flat().filter(isToken))];
  const [end = named, ...more] = ends;
  if (end === undefined) throw refusal('eos_token_id is missing, and tokenizer_config.json names no eos_token');
  if (more.length === 0) return end;
  if (named === undefined || !ends.includes(named))
    throw refusal(
      `eos_token_id is ${JSON.stringify(ends)}, supported: one token, or several with the one that ends answers named by tokenizer_config.json's eos_token (${named === undefined ? 'it names none' : `it names ${named}`})`,
    );
  return named;
}

function isToken(id: number | null): id is number {
  return id !== null && id >= 0;
}
