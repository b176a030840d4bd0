/** LaTeX as models write answers in: what a box holds, and that as plain text. */

const opening = /\\(?:boxed|fbox)\s*(?:\{|(?=[^\s{]))/gu;

/** What the last whole `\boxed{…}` of a text holds, braces inside balanced; null where there is none. `\boxed 7` holds `7`. */
export function lastBoxed(text: string): string | null {
  const boxes = [...text.matchAll(opening)].reverse();
  const closed = boxes.length === 0 ? new Map<number, number>() : closingBraces(text);
  for (const { 0: start, index } of boxes) {
    const from = index + start.length;
    if (!start.endsWith('{')) return String(/^\S*/u.exec(text.slice(from)));
    const end = closed.get(from - 1);
    if (end !== undefined) return text.slice(from, end);
  }
  return null;
}

/** Where each brace that is closed is, by where it opens: in one pass, since a text may have thousands that are not. */
function closingBraces(text: string): ReadonlyMap<number, number> {
  const closed = new Map<number, number>();
  const open: number[] = [];
  for (let place = 0; place < text.length; place++) {
    if (text[place] === '\\') place++;
    else if (text[place] === '{') open.push(place);
    else if (text[place] === '}') {
      const start = open.pop();
      if (start !== undefined) closed.set(start, place);
    }
  }
  return closed;
}

/** Commands that change how something looks, and spaces. */
const looks = /\\(?:(?:left|right|displaystyle|bigl?|bigr|quad|qquad)(?![A-Za-z])|[!,;:()[\]])\s*/gu;
const words = /\\(?:text(?:bf|it|rm|normal|sf)?|math(?:rm|bf|it|sf)|mbox|operatorname|boldsymbol)\s*\{([^{}]*)\}/gu;
const fraction = /(\d?)\s*\\[dtc]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))/gu;

/** Of words within words, deeper than anybody writes. */
const mostNested = 20;

/**
 * As plain text: `\frac{3}{4}` is `3/4`, `1\frac12` is `1 1/2`, `\text{B}` is `B`, `1{,}234` and `1\,234` are numbers with
 * thousands, `\$5` is `$5`, and degrees, sizes and spacing are gone. What has no plain form keeps its backslash.
 * @param units whether words after something else stay: `42\text{ cm}` is `42 cm`, without units `42`
 */
export function plainLatex(latex: string, { units }: { readonly units: boolean }): string {
  let plain = latex
    .replace(/^\s*\$+([^$]*)\$+\s*$/su, '$1')
    .replace(looks, '')
    .replaceAll('{,}', ',')
    .replace(/\^\s*\{?\s*\\circ\s*\}?|\\degree\b|°/gu, '')
    .replace(/\\([$%#&_ ])/gu, '$1')
    .replaceAll('~', ' ');
  if (!units) plain = plain.replace(/(\S)\s*\\(?:text|mathrm|mbox)\s*\{[^{}]*\}(?:\^\{?\d\}?)?\s*$/su, '$1');
  for (let [before, depth] = ['', 0]; before !== plain && depth < mostNested; depth++) {
    before = plain;
    plain = plain
      .replace(words, '$1')
      .replace(fraction, (_, whole: string, ...[top, topDigit, bottom, bottomDigit]: readonly string[]) => {
        return `${whole === '' ? '' : `${whole} `}${top ?? topDigit}/${bottom ?? bottomDigit}`;
      });
  }
  return plain.replace(/[{}]/gu, '').trim();
}
