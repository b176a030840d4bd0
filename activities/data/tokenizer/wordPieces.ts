/**
 * How text is cut into pieces before the vocabulary is applied.
 *
 * The patterns are written in what JavaScript's and Rust's regular expressions have in common, so the same `tokenizer.json` cuts alike
 * here and in Python. Every character is matched by some alternative: joining the pieces gives the text back.
 */

const operators = '=+*/%<>-';

/**
 * Word level. Words, operators and punctuation take the spaces around them along (a word leaves a space to an operator after
 * it), a line break takes its indentation, a digit stands alone: few tokens, and still nothing is lost.
 */
export const wordPattern = [
  '\\n *',
  ` ?[${operators}]+ ?`,
  `[ _]?[A-Za-z]+(?: (?![${operators}]))?`,
  '[0-9]',
  '[.,?!:;] ?',
  ' +',
  '[^\\n]',
].join('|');

/** Byte level: as in today's models a word takes the space before it; digits stand alone, a line break takes indentation. */
export const bytePattern = [
  '\\n(?: {4})*',
  "'(?:s|t|re|ve|m|ll|d)",
  '[ _]?\\p{L}+',
  '[0-9]',
  ' ?[^\\s\\p{L}0-9]+',
  ' +',
  '[^\\n]',
].join('|');

/** The texts between added tokens, longest added token first at each place, as every implementation of `added_tokens` cuts. */
export function splitAtAddedTokens(text: string, addedTokens: readonly string[]): readonly string[] {
  if (addedTokens.length === 0) return [text];
  const byLength = [...addedTokens].sort((a, b) => b.length - a.length);
  return text.split(new RegExp(byLength.map(escapeForRegExp).join('|'), 'u')).filter((part) => part !== '');
}

/** How often each piece occurs in the texts, most frequent first, ties in code-point order. */
export function countPieces(
  texts: Iterable<string>,
  addedTokens: readonly string[],
  pattern: string,
): readonly (readonly [piece: string, count: number])[] {
  const counts = new Map<string, number>();
  const expression = new RegExp(pattern, 'gu');
  for (const text of texts)
    for (const part of splitAtAddedTokens(text, addedTokens))
      for (const [piece] of part.matchAll(expression)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
