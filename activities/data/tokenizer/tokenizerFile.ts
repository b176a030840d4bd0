/** Reads a `tokenizer.json`: its added tokens, the text of each token, and which texts are control tokens. */
import { z } from 'zod';
import { InvalidData } from '../../errors.js';
import { required } from '../../invariant.js';

/** Ids of the tokens that end an answer and fill up a batch. */
export interface SpecialTokens {
  readonly endTokens: readonly number[];
  readonly padToken: number;
}

const givenTokenSchema = z
  .object({
    id: z.int().min(0),
    content: z.string(),
    single_word: z.boolean().default(false),
    lstrip: z.boolean().default(false),
    rstrip: z.boolean().default(false),
    normalized: z.boolean().optional(),
    special: z.boolean().default(false),
  })
  .transform(({ normalized, ...token }) => ({ ...token, normalized: normalized ?? !token.special }));

/** An entry of `added_tokens`: text that is one token before any splitting. */
export type GivenToken = z.output<typeof givenTokenSchema>;

/** A normaliser, a pre-tokenizer or a decoder. */
export type Part = Readonly<Record<string, unknown>> & { readonly type: string };

const part = z.looseObject({ type: z.string() }).nullish();
const schema = z.looseObject({
  added_tokens: z.array(givenTokenSchema).default([]),
  normalizer: part,
  pre_tokenizer: part,
  decoder: part,
  model: z.looseObject({
    // By hand: a check of each of 250,000 entries takes longer than all the rest.
    vocab: z.custom<Vocabulary>((vocab) => typeof vocab === 'object' && vocab !== null),
    merges: z.custom<Merges>(Array.isArray).optional(),
    unk_token: z.string().nullish(),
    byte_fallback: z.boolean().optional(),
  }),
});

/** Ids by token, or for Unigram tokens with their log-probabilities in the order of their ids. */
type Vocabulary = Readonly<Record<string, number>> | readonly (readonly [string, number])[];
/** Pairs, in older files with a space between. */
type Merges = readonly (string | readonly [string, string])[];

export interface TokenizerFile {
  readonly parts: z.output<typeof schema>;
  /** The text of each token, by id. */
  readonly texts: readonly (string | undefined)[];
  /**
   * Ids of the tokens that a text cannot stand for: added tokens that are marked `special`, and the ends and the padding. Of those that
   * are no added tokens, one of a single character is left out, or the character could not be written.
   */
  readonly control: ReadonlySet<number>;
}

/** @throws InvalidData when it is no tokenizer.json. */
export function readTokenizerFile(json: unknown, special: Partial<SpecialTokens>): TokenizerFile {
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new InvalidData(`tokenizer.json cannot be used: ${z.prettifyError(parsed.error)}`);
  const parts = parsed.data;
  const texts: (string | undefined)[] = [];
  const { vocab } = parts.model;
  if (isUnigram(vocab)) for (const [id, [text]] of vocab.entries()) texts[id] = text;
  else for (const text of Object.keys(vocab)) texts[required(vocab[text], 'the id of a token')] = text;
  for (const { id, content } of parts.added_tokens) texts[id] = content;
  const added = new Map(parts.added_tokens.map((token) => [token.id, token]));
  const named = [...(special.endTokens ?? []), ...(special.padToken === undefined ? [] : [special.padToken])];
  const control = new Set(named.filter((id) => added.has(id) || [...(texts[id] ?? '')].length > 1));
  for (const { id, special: isSpecial } of added.values()) if (isSpecial) control.add(id);
  return { parts, texts, control };
}

/**
 * The model without a way to its control tokens: text is spelt with other tokens even where it is a control token's. Hugging Face's
 * implementations leave the way open, since the vocabulary holds control tokens beside the others.
 */
export function withoutControl({ parts, texts, control }: TokenizerFile): object {
  const { model } = parts;
  const closed = new Set([...control].map((id) => texts[id]));
  if (isUnigram(model.vocab))
    // Half a surrogate pair, which no text has. The places of the others stay as they are.
    return { ...model, vocab: model.vocab.map((entry, id) => (control.has(id) ? [`\uDC00${id}`, entry[1]] : entry)) };
  const { vocab, merges } = model;
  if (merges === undefined || ![...closed].some((text) => text !== undefined && Object.hasOwn(vocab, text)))
    return model;
  // Few merges begin as a control token does: to join all the others would take most of the time that a tokenizer takes to load.
  const beginnings = new Set([...closed].flatMap((text = '') => text.split('').map((_, end) => text.slice(0, end))));
  const isOpen = (merge: string | readonly [string, string]): boolean => {
    const [left = '', right = ''] = typeof merge === 'string' ? merge.split(' ', 2) : merge;
    return !beginnings.has(left) || !closed.has(left + right);
  };
  return { ...model, merges: merges.filter(isOpen) };
}

function isUnigram(vocab: Vocabulary): vocab is readonly (readonly [string, number])[] {
  return Array.isArray(vocab);
}
