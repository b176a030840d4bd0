/**
 * When two answers in LaTeX are the same, as MATH's authors compare them (Hendrycks et al., 2021, `strip_string` of `math_equivalence.py`),
 * which is also the rule of lm-evaluation-harness' task `hendrycks_math`: both are brought into one way of writing, and must then be equal.
 * `\dfrac12`, `\frac{1}{2}` and `0.5` are, `\frac{2}{4}` is another.
 */

/** Each rule in the order in which the authors apply it. */
const rules: readonly ((latex: string) => string)[] = [
  (latex) => latex.replaceAll('\n', '').replaceAll('\\!', '').replaceAll('\\\\', '\\'),
  (latex) => latex.replace(/\\[td]frac/g, '\\frac').replace(/\\left|\\right/g, ''),
  (latex) => latex.replaceAll('^{\\circ}', '').replaceAll('^\\circ', '').replaceAll('\\$', ''),
  withoutUnit,
  (latex) => latex.replaceAll('\\%', '').replaceAll('%', ''),
  (latex) => latex.replaceAll(' .', ' 0.').replaceAll('{.', '{0.').replace(/^\./, '0.'),
  withoutName,
  (latex) => latex.replace(/\\sqrt(?!\{)(.)/gs, '\\sqrt{$1}'),
  (latex) => latex.replaceAll(' ', ''),
  withBraces,
  (latex) => (latex === '0.5' ? '\\frac{1}{2}' : latex),
  withoutStroke,
];

/** A text in the one way of writing; empty where it says nothing. */
export function normaliseLatex(written: string): string {
  const bare = written.trim().replace(/^\${1,2}([^$]*)\${1,2}$/s, '$1');
  return rules.reduce((latex, rule) => rule(latex), bare);
}

/** `42\text{ cm}` is 42. */
function withoutUnit(latex: string): string {
  const parts = latex.split('\\text{ ');
  return parts.length === 2 ? (parts[0] ?? '') : latex;
}

/** `k = 3` is 3: a name of one letter, or two, before the only equals sign. */
function withoutName(latex: string): string {
  const [name = '', value, ...others] = latex.split('=');
  return value !== undefined && others.length === 0 && name.length <= 2 ? value : latex;
}

/** `\frac12`, `\frac1{72}` and `\frac{1}2` have braces around both parts. */
function withBraces(latex: string): string {
  return latex.replace(
    /\\frac(?:\{([^{}]*)\}|([^{}\s\\]))(?:\{([^{}]*)\}|([^{}\s\\]))/g,
    (...parts: readonly string[]) => {
      const [, top, topCharacter, bottom, bottomCharacter] = parts;
      return `\\frac{${top ?? topCharacter}}{${bottom ?? bottomCharacter}}`;
    },
  );
}

/** `3/4` is `\frac{3}{4}`, where both are whole numbers. */
function withoutStroke(latex: string): string {
  const [, top, bottom] = /^(-?\d+)\/(-?\d+)$/.exec(latex) ?? [];
  return top === undefined ? latex : `\\frac{${Number(top)}}{${Number(bottom)}}`;
}
