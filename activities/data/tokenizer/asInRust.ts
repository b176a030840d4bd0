/**
 * Brings parts of a `tokenizer.json` into forms of which the JavaScript implementation computes what the Rust one does, which models
 * were trained with (Python's `tokenizers`). The JavaScript one takes
 * - `\s` of JavaScript in the parts that have a pattern of their own (ByteLevel, BertPreTokenizer, …): with U+FEFF, without U+0085;
 * - digits and word characters for ASCII ones, and punctuation in runs;
 * - splits that merge with a neighbour for splits that do not, and Metaspace's own split for none;
 * - some common rules for those of a Precompiled normaliser;
 * - `$` in the text of a replacement for a reference, and a sigma at the end of a word for another letter.
 * A `Split` by a pattern and a `Replace` are right, so the others are written as these; ByteLevel is given its pattern.
 */
import { InvalidData } from '../../errors.js';
import { precompiledNormaliser } from './precompiled.js';
import type { Part } from './tokenizerFile.js';

/** GPT-2's pattern, which ByteLevel applies unless told not to, with what is white space in Unicode's sense. */
const byteLevelPattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const punctuation = String.raw`[\p{P}!-/:-@\[-\x60{-~]`;
const wordCharacter = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`;

/** A pre-tokenizer of the library, as far as it is changed here. */
export interface LibraryPreTokenizer {
  (text: string, place: { readonly section_index: number }): string[];
  /** Of a ByteLevel: what it cuts a text into. */
  pattern?: RegExp;
  readonly byte_encoder?: unknown;
  /** Of a Sequence. */
  readonly tokenizers?: readonly LibraryPreTokenizer[];
}

/** Gives every ByteLevel the right pattern, in place: its options leave no other way. */
export function splitAsInRust(preTokenizer: LibraryPreTokenizer): void {
  for (const part of preTokenizer.tokenizers ?? []) splitAsInRust(part);
  if (preTokenizer.byte_encoder !== undefined) preTokenizer.pattern = byteLevelPattern;
}

/** A pre-tokenizer in such a form. */
export function preTokenizerAsInRust(part: Part): Part {
  switch (part.type) {
    case 'Sequence':
      return sequence('pretokenizers', partsOf(part, 'pretokenizers').map(preTokenizerAsInRust));
    case 'Split':
      return givenSplit(part);
    case 'CharDelimiterSplit':
      return splitBy(literal(String(part.delimiter)), 'removed');
    case 'Digits':
      return splitBy(part.individual_digits === true ? String.raw`\p{N}` : String.raw`\p{N}+`, 'isolated');
    case 'Punctuation':
      return splitBy(punctuation, behaviourOf(part, 'isolated'));
    case 'Whitespace':
      return splitBy(`[${wordCharacter}]+|[^${wordCharacter}\\s]+`, 'removed', true);
    case 'WhitespaceSplit':
      return splitBy(String.raw`\s`, 'removed');
    case 'BertPreTokenizer':
      return sequence('pretokenizers', [splitBy(String.raw`\s`, 'removed'), splitBy(punctuation, 'isolated')]);
    case 'Metaspace': {
      // Older files say by another field that nothing is put before a text.
      const { prepend_scheme: scheme = part.add_prefix_space === false ? 'never' : 'always', replacement = '▁' } = part;
      const metaspace = { ...part, prepend_scheme: scheme };
      if (part.split === false) return metaspace;
      return sequence('pretokenizers', [metaspace, splitBy(literal(String(replacement)), 'mergedwithnext')]);
    }
    default:
      return part;
  }
}

/** A normaliser of the library, as far as it is changed here. */
export interface LibraryNormaliser {
  (text: string): string;
  readonly config: Part;
  normalize: (text: string) => string;
  /** Of a Sequence. */
  readonly normalizers?: readonly LibraryNormaliser[];
}

/** Gives every Precompiled the rules of its table, in place. */
export function normaliseAsInRust(normaliser: LibraryNormaliser): void {
  for (const part of normaliser.normalizers ?? []) normaliseAsInRust(part);
  const { type, precompiled_charsmap: charsmap } = normaliser.config;
  if (type === 'Precompiled' && typeof charsmap === 'string') normaliser.normalize = precompiledNormaliser(charsmap);
}

/** A normaliser in such a form. */
export function normaliserAsInRust(part: Part): Part {
  switch (part.type) {
    case 'Sequence':
      return sequence('normalizers', partsOf(part, 'normalizers').map(normaliserAsInRust));
    case 'Replace':
      return { ...part, content: String(part.content).replaceAll('$', '$$$$') };
    case 'Strip':
      return sequence('normalizers', [
        ...(part.strip_left === false ? [] : [replace(String.raw`\A\s+`, '')]),
        ...(part.strip_right === false ? [] : [replace(String.raw`\s+\z`, '')]),
      ]);
    case 'Lowercase':
      return lowercase;
    case 'BertNormalizer':
      return sequence('normalizers', bertNormalisers(part));
    default:
      return part;
  }
}

const replace = (pattern: string, content: string): Part => ({ type: 'Replace', pattern: { Regex: pattern }, content });
const sequence = (name: string, parts: readonly Part[]): Part => ({ type: 'Sequence', [name]: parts });
const lowercase = sequence('normalizers', [replace('Σ', 'σ'), { type: 'Lowercase' }]);
/** The blocks of Chinese characters that BERT sets apart, as its authors list them. */
const chinese =
  String.raw`[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}` +
  String.raw`\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]`;

function bertNormalisers({ clean_text, handle_chinese_chars, strip_accents, lowercase: isLower = true }: Part): Part[] {
  const strips = strip_accents ?? isLower;
  return [
    ...(clean_text === false
      ? []
      : [replace(String.raw`(?![\t\n\r])[\0\uFFFD\p{Cc}\p{Cf}\p{Co}]`, ''), replace(String.raw`\s`, ' ')]),
    ...(handle_chinese_chars === false ? [] : [replace(`(?=${chinese})|(?<=${chinese})`, ' ')]),
    ...(strips === true ? [{ type: 'NFD' }, replace(String.raw`\p{Mn}`, '')] : []),
    ...(isLower === true ? [lowercase] : []),
  ];
}

function partsOf(part: Part, name: string): readonly Part[] {
  const parts = part[name];
  if (!Array.isArray(parts)) throw new InvalidData(`tokenizer.json: ${part.type} has no ${name}`);
  return parts;
}

type Behaviour = 'isolated' | 'removed' | 'mergedwithprevious' | 'mergedwithnext' | 'contiguous';

function behaviourOf({ type, behavior }: Part, unsaid: Behaviour): Behaviour {
  const behaviour = behavior === undefined ? unsaid : String(behavior).toLowerCase();
  switch (behaviour) {
    case 'isolated':
    case 'removed':
    case 'mergedwithprevious':
    case 'mergedwithnext':
    case 'contiguous':
      return behaviour;
    default:
      throw new InvalidData(`tokenizer.json: ${type} has the behavior ${String(behavior)}, which is not supported`);
  }
}

function givenSplit(part: Part): Part {
  const { pattern, invert } = part;
  const { String: text, Regex: regex } = (pattern ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof text !== 'string' && typeof regex !== 'string')
    throw new InvalidData('tokenizer.json: Split has a pattern that is neither a String nor a Regex');
  const source = typeof text === 'string' ? literal(text) : String(regex);
  return splitBy(source, behaviourOf(part, 'isolated'), invert === true);
}

/** A split that gives matches and the text between them; with `removed` one of the two only. */
function splitBy(pattern: string, behaviour: Behaviour, invert = false): Part {
  const split = (source: string): Part => ({
    type: 'Split',
    pattern: { Regex: source },
    behavior: behaviour === 'removed' ? 'Removed' : 'Isolated',
    invert: invert && behaviour === 'removed',
  });
  // Where matches and the text between are both kept, each apart, it is all one which is called which.
  if (behaviour === 'isolated' || behaviour === 'removed') return split(pattern);
  if (invert) throw new InvalidData(`tokenizer.json: Split with the behavior ${behaviour} is not supported inverted`);
  if (behaviour === 'contiguous') return split(`(?:${pattern})+`);
  // A single character is found from the place beside it, in one pass.
  const isCharacter = /^\\?.$/u.test(pattern);
  const other = `(?:(?!${pattern})[\\s\\S])*`;
  if (behaviour === 'mergedwithnext') return split(isCharacter ? `(?=${pattern})` : `(?:${pattern})${other}`);
  return split(isCharacter ? `(?<=${pattern})` : `${other}(?:${pattern})`);
}

function literal(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|]/g, String.raw`\$&`);
}
