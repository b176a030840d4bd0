/** What is taken off a text before it is compared: marks of emphasis, quotes, capitals, white space. */
import { pythonStrip } from './pythonFloat.js';

/** Markdown's bold and HTML's emphasis: they may be left open, as in `**The answer is 73**`. */
const openMarks = ['**', '__', '<b>', '<strong>', '<i>', '<em>'];
const closeMarks = ['**', '__', '</b>', '</strong>', '</i>', '</em>'];
/** Around a text without a space between, one character of Markdown is a mark; alone it is a product or a name. */
const tightMark = /^([*_`])(\S|\S[\s\S]*\S)\1$/u;

const quote = /["'“”‘’«»\s]/u;
const quoteOrStop = /["'“”‘’«».\s]/u;
/** Marks around marks: more than anybody writes. */
const mostMarks = 16;

/** An option as the published code compares it: lower-case, without quotes, without white space around it. */
export function normaliseChoice(text: string): string {
  return pythonStrip(text.toLowerCase().replace(/["']/g, ''));
}

/**
 * A text without what does not change its meaning: in Unicode's compatibility form (NFKC), lower-case, without emphasis, without
 * quotes around it or a stop at its end, each run of white space one space.
 */
export function normaliseText(text: string): string {
  const plain = pythonStrip(withoutEmphasis(text.normalize('NFKC').toLowerCase())).replace(/\s+/gu, ' ');
  let [from, to] = [0, plain.length];
  while (from < to && quote.test(plain.charAt(from))) from++;
  while (from < to && quoteOrStop.test(plain.charAt(to - 1))) to--;
  return plain.slice(from, to);
}

/** `**73**`, `__73__`, `*73*`, `` `73` ``, `<b>73</b>` as `73`, a stop behind the marks kept; a text of nothing but marks as it is. */
export function withoutEmphasis(text: string): string {
  let bare = pythonStrip(text);
  if (/^[*_`]*$/u.test(bare)) return text;
  for (let marks = 0; marks < mostMarks; marks++) {
    const [, inside = bare, stop = ''] = /^([\s\S]*[*_`>])(\.)$/u.exec(bare) ?? [];
    const within = pythonStrip(withoutMarks(inside));
    if (within === inside) return bare;
    if (within === '') return text;
    bare = within + stop;
  }
  return bare;
}

function withoutMarks(text: string): string {
  const opened = openMarks.find((mark) => text.toLowerCase().startsWith(mark)) ?? '';
  const closed = closeMarks.find((mark) => text.toLowerCase().endsWith(mark)) ?? '';
  if (opened + closed === '') return tightMark.exec(text)?.[2] ?? text;
  return text.slice(opened.length, Math.max(opened.length, text.length - closed.length));
}
