/**
 * SentencePiece's normaliser, whose rules a `tokenizer.json` carries as a table: `precompiled_charsmap`, in base64. The library takes
 * some common rules for all of them.
 *
 * The table is the length of a double array (Darts, a trie in 32-bit units), the array, and the replacements, each ended by a zero.
 * As in the Rust implementation a grapheme of at most five bytes is looked up whole, and else character by character; a lookup gives the
 * rule of the shortest prefix that has one.
 */
import { InvalidData } from '../../errors.js';

const utf8 = new TextEncoder();
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const longestGrapheme = 5;

/** @throws InvalidData when it is no such table. */
export function precompiledNormaliser(charsmap: string): (text: string) => string {
  const table = Buffer.from(charsmap, 'base64');
  const length = table.length < 4 ? 0 : table.readUInt32LE(0);
  if (length % 4 !== 0 || table.length < 4 + length)
    throw new InvalidData('tokenizer.json: precompiled_charsmap is no table of a Precompiled normaliser');
  const unitAt = (index: number): number => (4 * index + 4 <= length ? table.readUInt32LE(4 + 4 * index) : 0);
  const replacements = table.subarray(4 + length);

  /** What stands for the shortest prefix that has a rule; undefined where none has. */
  const lookUp = (part: string): string | undefined => {
    let node = offsetOf(unitAt(0));
    for (const byte of utf8.encode(part)) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = unitAt(node);
      if (labelOf(unit) !== byte) return undefined;
      node ^= offsetOf(unit);
      if (!hasLeaf(unit)) continue;
      const start = unitAt(node) & 0x7fffffff;
      return replacements.toString('utf8', start, replacements.indexOf(0, start));
    }
    return undefined;
  };
  return (text) => {
    let normalised = '';
    for (const { segment } of graphemes.segment(text)) {
      const whole = Buffer.byteLength(segment) <= longestGrapheme ? lookUp(segment) : undefined;
      if (whole !== undefined) normalised += whole;
      else for (const character of segment) normalised += lookUp(character) ?? character;
    }
    return normalised;
  };
}

/** Fields of a unit of the double array (Darts-clone). */
const hasLeaf = (unit: number): boolean => ((unit >>> 8) & 1) === 1;
const labelOf = (unit: number): number => (unit & 0x800000ff) >>> 0;
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
