/** Reads a `tokenizer.json`: its added tokens, the text of each token, and which texts are control tokens. */
import { z } from 'zod';
import { InvalidData } from '../../errors.js';

/** Ids of the tokens that end an answer and fill up a batch. */
export interface SpecialTokens {
  readonly endTokens: readonly number[];
  readonly padToken: number;
}

/** Twice as many as the largest vocabularies have: memory grows with the largest id. */
const mostTokens = 2 ** 21;
/** Of one token: runs of blanks are the longest, in a published tokenizer of more than a thousand. */
const mostCharacters = 4_000;
/** Of a pattern, or any other text in a normaliser and its like. */
const mostPartCharacters = 4_000;
/** Of what a part puts into a text, in many places: a long one makes a huge text of a short one. */
const mostInserted = 100;
const inserted: ReadonlySet<string> = new Set(['content', 'replacement', 'prepend']);
/** A table in base64, which has a check of its own. */
const table = 'precompiled_charsmap';
/** Added tokens that a message shows. */
const shownCharacters = 80;

const givenTokenSchema = z
  .object({
    id: z
      .int()
      .min(0)
      .max(mostTokens - 1),
    content: z.string().max(mostCharacters),
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
  added_tokens: z.array(z.unknown()).default([]),
  normalizer: part,
  pre_tokenizer: part,
  decoder: part,
  model: z.looseObject({
    // By hand: a check of each of 250,000 entries takes longer than all the rest.
    vocab: z.custom<Vocabulary>((vocab) => typeof vocab === 'object' && vocab !== null),
    merges: z.custom<Merges>(Array.isArray).optional(),
    unk_token: z.string().nullish(),
    unk_id: z.int().min(0).nullish(),
    byte_fallback: z.boolean().optional(),
  }),
});

/** Ids by token, or for Unigram tokens with their log-probabilities in the order of their ids. */
type Vocabulary = Readonly<Record<string, number>> | readonly (readonly [string, number])[];
/** Pairs, in older files with a space between. */
type Merges = readonly (string | readonly [string, string])[];

interface Parts extends Pick<z.output<typeof schema>, 'normalizer' | 'pre_tokenizer' | 'decoder' | 'model'> {
  readonly added_tokens: readonly GivenToken[];
}

export interface TokenizerFile {
  readonly parts: Parts;
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
  const { added_tokens: given, ...others } = read(schema, json, 'tokenizer.json');
  // One by one, so that a file of a million wrong ones gives one problem, not a million.
  const parts = {
    ...others,
    added_tokens: given.map((token, index) => read(givenTokenSchema, token, `tokenizer.json: added_tokens[${index}]`)),
  };
  for (const name of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder']) checkTexts(others[name], name);
  const texts = textsOf(parts.model.vocab);
  checkModel(parts.model);
  for (const { id, content } of parts.added_tokens) texts[id] = content;
  const added = new Map(parts.added_tokens.map((token) => [token.id, token]));
  const named = [...(special.endTokens ?? []), ...(special.padToken === undefined ? [] : [special.padToken])];
  const control = new Set(named.filter((id) => added.has(id) || [...(texts[id] ?? '')].length > 1));
  for (const { id, special: isSpecial } of added.values()) if (isSpecial) control.add(id);
  return { parts, texts, control };
}

function read<Read>(schema: z.ZodType<Read>, json: unknown, what: string): Read {
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new InvalidData(`${what} cannot be used: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** The text of each token of a vocabulary, by id. */
function textsOf(vocab: Vocabulary): (string | undefined)[] {
  const texts: (string | undefined)[] = [];
  const add = (text: unknown, id: unknown): void => {
    const isSound = typeof text === 'string' && text.length <= mostCharacters;
    if (!isSound || !Number.isInteger(id) || Number(id) < 0 || Number(id) >= mostTokens)
      throw new InvalidData(
        `tokenizer.json: the vocabulary has the token ${show(text)} with the id ${show(id)}; allowed are texts of at most ${mostCharacters} characters, and whole numbers from 0 to ${mostTokens - 1}`,
      );
    texts[Number(id)] = text;
  };
  if (!isUnigram(vocab)) for (const text of Object.keys(vocab)) add(text, vocab[text]);
  else
    for (const [id, entry] of vocab.entries()) {
      const [text, score] = Array.isArray(entry) ? entry : [];
      if (!Number.isFinite(score))
        throw new InvalidData(
          `tokenizer.json: token ${id} of the vocabulary is ${show(entry)}, not a text and a number`,
        );
      add(text, id);
    }
  return texts;
}

/** @param path where the value stands in the file */
function checkTexts(value: unknown, path: string, name = ''): void {
  if (typeof value === 'string' && name !== table) {
    const most = inserted.has(name) ? mostInserted : mostPartCharacters;
    if (value.length > most)
      throw new InvalidData(`tokenizer.json: ${path} has ${value.length} characters; at most ${most} are allowed`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inside] of Object.entries(value)) checkTexts(inside, `${path}.${key}`.slice(0, mostCharacters), key);
}

/** What the schema leaves out, since there is so much of it. */
function checkModel({ vocab, merges = [], unk_id: unknown }: Parts['model']): void {
  for (const merge of merges) {
    const isPair = Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string');
    if (!isPair && typeof merge !== 'string')
      throw new InvalidData(`tokenizer.json: the merge ${show(merge)} is neither a text nor a pair of texts`);
  }
  if (isUnigram(vocab) && unknown != null && unknown >= vocab.length)
    throw new InvalidData(`tokenizer.json: unk_id is ${unknown}, and the vocabulary has ${vocab.length} tokens`);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
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
