/**
 * Encoding and decoding with a `tokenizer.json`: normaliser, pre-tokenizer, model and decoder are those of Hugging Face's JavaScript
 * implementation. Where it differs from the Rust one, which models are trained with, the parts are brought into forms of which both
 * compute the same (`asInRust.ts`, `decoders.ts`), and added tokens are found here (`addedTokens.ts`).
 *
 * A text that somebody wrote never becomes a control token: `</s>` in a question is spelt with other tokens. Only what a chat template
 * writes is read for them.
 */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { InvalidData, messageOf } from '../../errors.js';
import { refusedWithinTime } from '../../withinTime.js';
import { createMatcher, type Matcher } from './addedTokens.js';
import {
  type LibraryNormaliser,
  type LibraryPreTokenizer,
  normaliseAsInRust,
  normaliserAsInRust,
  preTokenizerAsInRust,
  splitAsInRust,
} from './asInRust.js';
import { decodeAsInRust, type LibraryDecoder } from './decoders.js';
import {
  type GivenToken,
  readTokenizerFile,
  type SpecialTokens,
  type TokenizerFile,
  withoutControl,
} from './tokenizerFile.js';
import { endTokenText, padTokenText } from './tokenizerJson.js';

export interface Tokenizer {
  /** Token ids of a text that somebody wrote: no control token is among them, and none is added. */
  encode(text: string): number[];
  /**
   * A text that `render` makes of `written` ones, and its token ids. Control tokens are read in what `render` puts around the written
   * texts, and not in those.
   */
  encodeRendered(
    written: readonly string[],
    render: (written: readonly string[]) => string,
  ): { readonly text: string; readonly tokens: number[] };
  /** The text up to the first end token; padding is skipped. `decode(encode(text))` is `text` where every word is known. */
  decode(tokens: readonly number[]): string;
  /** Each ends an answer. The first is the one to write behind an answer. */
  readonly endTokens: readonly number[];
  readonly padToken: number;
  /** Whether text cannot stand for a token. */
  isControl(token: number): boolean;
  readonly vocabularySize: number;
}

/**
 * A tokenizer from a parsed `tokenizer.json`.
 *
 * @param special of a pretrained tokenizer; left out, those that `trainTokenizer` makes are looked up.
 * @throws InvalidData when it is no tokenizer.json, or lacks the special tokens.
 */
export function loadTokenizer(json: unknown, special?: SpecialTokens): Tokenizer {
  const file = readTokenizerFile(json, special ?? {});
  const specialToken = (text: string): number => {
    const id = file.texts.indexOf(text);
    if (id < 0) throw new InvalidData(`tokenizer.json has no token ${text}`);
    return id;
  };
  const endTokens = special?.endTokens ?? [specialToken(endTokenText)];
  const padToken = special?.padToken ?? specialToken(padTokenText);
  const library = parse(file);
  const pipeline = createPipeline(library, file);
  const encodeWritten = (text: string): number[] => pipeline.encode(wellFormed(text), pipeline.ofText);
  const decodeAll = (tokens: readonly number[]): string => {
    const texts = tokens.map(pipeline.textOf).filter((text) => text !== undefined);
    return library.decoder === null ? texts.join(' ') : library.decoder.decode(texts);
  };
  const swallowsSpace =
    JSON.stringify(file.parts.pre_tokenizer)?.includes('"Metaspace"') === true &&
    bounded(0, () => losesFirstSpace((text) => decodeAll(encodeWritten(text))));
  return {
    endTokens,
    padToken,
    isControl: (token) => file.control.has(token),
    vocabularySize: file.texts.length,
    encode: (text) =>
      bounded(text.length, () => encodeWritten(swallowsSpace && text.startsWith(' ') ? ` ${text}` : text)),
    encodeRendered: (written, render) =>
      bounded(totalLength(written), () => {
        const texts = written.map(wellFormed);
        const shield = shieldFor(texts);
        const rendered = render(texts.map((text) => pipeline.control.shield(text, shield)));
        // A normaliser may make a control token of what is none. Rare, and then none that has to be normalised is read at all.
        const isRisky = texts.some((text) => pipeline.becomesControl(text));
        const matchers = isRisky
          ? { plain: pipeline.ofTemplate.plain, normalised: pipeline.ofText.normalised }
          : pipeline.ofTemplate;
        return {
          text: rendered.replaceAll(shield, ''),
          tokens: pipeline.encode(rendered, matchers, shield),
        };
      }),
    decode: (tokens) =>
      bounded(tokens.length, () =>
        decodeAll(
          tokens
            .slice(0, lengthToEnd(tokens, endTokens))
            .filter((token) => !endTokens.includes(token) && !(token === padToken && file.control.has(token))),
        ),
      ),
  };
}

/** Of texts, or of lists of tokens. */
export function totalLength(items: readonly { readonly length: number }[]): number {
  return items.reduce((total, { length }) => total + length, 0);
}

/**
 * Work with a tokenizer, once for many texts: to bound each by itself takes longer than to encode it.
 *
 * Patterns of a tokenizer.json may backtrack for ever on some texts, and parts of it may be of forms that the library does not expect:
 * it finds out when it meets such a text.
 * @param length of all texts
 * @throws InvalidData for both
 */
export function bounded<T>(length: number, work: () => T): T {
  const refused = (problem: string, cause?: unknown): InvalidData =>
    new InvalidData(`tokenizer.json cannot be used: on ${length} characters ${problem}`, { cause });
  return refusedWithinTime(length, work, refused, (error) => `it fails with ${messageOf(error)}`);
}

/** How many of an answer's tokens count: those up to the first end token, which is one of them, or all. */
export function lengthToEnd(tokens: readonly number[], endTokens: readonly number[]): number {
  const end = tokens.findIndex((token) => endTokens.includes(token));
  return end < 0 ? tokens.length : end + 1;
}

/** The library's tokenizer, as far as it is used here: it comes without types that this compiler finds. */
interface Library {
  readonly normalizer: LibraryNormaliser | null;
  readonly pre_tokenizer: LibraryPreTokenizer | null;
  readonly model: LibraryModel;
  readonly decoder: LibraryDecoder | null;
}
interface LibraryModel {
  (pieces: readonly string[]): readonly string[];
  readonly tokens_to_ids: Map<string, number>;
  readonly unk_token_id: number | undefined;
}

/** Finders of added tokens in a text as it is, and in what the normaliser makes of it. */
interface Matchers {
  readonly plain: Matcher;
  readonly normalised: Matcher;
}

/** Half a surrogate pair, which JSON can bring, is no text: it becomes U+FFFD, as in UTF-8. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function createPipeline(library: Library, { parts, texts, control }: TokenizerFile) {
  const { normalizer, pre_tokenizer: preTokenizer, model } = library;
  const normalise = (text: string): string => (normalizer === null ? text : normalizer(text));
  const matcher = (
    isWanted: (token: GivenToken) => boolean,
    change: (text: string) => string,
    counts?: (token: GivenToken) => boolean,
  ): Matcher =>
    createMatcher(
      parts.added_tokens.filter(isWanted).map((token) => ({ text: change(token.content), token })),
      counts,
    );
  const matchers = (counts: (token: GivenToken) => boolean): Matchers => ({
    plain: matcher(
      (token) => !token.normalized,
      (text) => text,
      counts,
    ),
    normalised: matcher((token) => token.normalized, normalise, counts),
  });
  const isControl = ({ id }: GivenToken): boolean => control.has(id);

  const normalisedControl = matcher((token) => token.normalized && isControl(token), normalise);

  // Those of its own vocabulary that are not control tokens: `parse` took these away.
  const ids = model.tokens_to_ids;
  const unknown = parts.model.unk_token == null ? model.unk_token_id : texts.indexOf(parts.model.unk_token);
  const idOf = (text: string): number => {
    const id = ids.get(text) ?? unknown;
    if (id === undefined || id < 0)
      throw new InvalidData(`tokenizer.json has no token for ${JSON.stringify(text)}, and none for what is unknown`);
    return id;
  };
  /** The library's Unigram does not know it. */
  const isSpeltHere = parts.model.byte_fallback === true && Array.isArray(parts.model.vocab);
  const bytesOf = (text: string): readonly string[] => {
    const bytes = Array.from(
      new TextEncoder().encode(text),
      (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    );
    return bytes.every((byte) => ids.has(byte)) ? bytes : [text];
  };
  const pieces = (text: string, isFirst: boolean): number[] => {
    const cut = preTokenizer === null ? [text] : preTokenizer(text, { section_index: isFirst ? 0 : 1 });
    const found = model(cut);
    const spelt = isSpeltHere ? found.flatMap((piece) => (ids.has(piece) ? piece : bytesOf(piece))) : found;
    return spelt.map(idOf);
  };
  const normalisedTexts = new Map(
    parts.added_tokens.flatMap(({ id, content, normalized }) => (normalized ? [[id, normalise(content)]] : [])),
  );
  return {
    /** A token's text, before decoding. Of an added token that stands in normalised text it is that, as in the Rust implementation. */
    textOf: (token: number): string | undefined => normalisedTexts.get(token) ?? texts[token],
    /** Whether the normaliser makes a control token of a part of the text. */
    becomesControl: (text: string): boolean => normalisedControl.finds(normalise(text)),
    /** For text that somebody wrote. */
    ofText: matchers((token) => !isControl(token)),
    ofTemplate: matchers(() => true),
    control: matcher(isControl, (text) => text),
    encode: (text: string, { plain, normalised }: Matchers, shield?: string): number[] =>
      plain.split(text, shield).flatMap((section) => {
        if ('token' in section) return section.token;
        const bare = shield === undefined ? section.text : section.text.replaceAll(shield, '');
        return normalised
          .split(normalise(bare))
          .flatMap((part) => ('token' in part ? part.token : pieces(part.text, section.from === 0 && part.from === 0)));
      }),
  };
}

/** A character that none of the texts has, of those that Unicode keeps for use inside of programs. */
function shieldFor(texts: readonly string[]): string {
  for (let code = 0xfdd0; code <= 0xfdef; code++) {
    const character = String.fromCharCode(code);
    if (!texts.some((text) => text.includes(character))) return character;
  }
  throw new InvalidData('a conversation holds all of U+FDD0 to U+FDEF, which are no characters');
}

/**
 * Metaspace puts a space before a text unless there is one, and decoding takes the first away: a program's first line would lose
 * some of its indentation. Such a text is given one space more, as SentencePiece itself and its older conversions do.
 */
function losesFirstSpace(thereAndBack: (text: string) => string): boolean {
  return thereAndBack('  x') === ' x' && thereAndBack('   x') === '  x';
}

function parse(file: TokenizerFile): Library {
  const { normalizer, pre_tokenizer, decoder, model } = file.parts;
  try {
    const library: Library = new HuggingFaceTokenizer(
      {
        normalizer: normalizer == null ? null : normaliserAsInRust(normalizer),
        pre_tokenizer: pre_tokenizer == null ? null : preTokenizerAsInRust(pre_tokenizer),
        // Adds tokens at the ends of a text, which prompts and answers do not get.
        post_processor: null,
        decoder: decoder ?? null,
        model: withoutControl(file),
        added_tokens: [],
      },
      { unk_token: model.unk_token ?? undefined },
    );
    // Control tokens are no results of the model. Those of Unigram have other names in it by now.
    for (const id of file.control) library.model.tokens_to_ids.delete(file.texts[id] ?? '');
    if (library.normalizer !== null) normaliseAsInRust(library.normalizer);
    if (library.pre_tokenizer !== null) splitAsInRust(library.pre_tokenizer);
    if (library.decoder !== null) decodeAsInRust(library.decoder);
    return library;
  } catch (error) {
    throw new InvalidData(`tokenizer.json cannot be used: ${messageOf(error)}`, { cause: error });
  }
}
