/**
 * What an answer computes, without its words: two answers with the same equations are one way to reason, and rejection sampling keeps one
 * of them (RFT; Yuan et al., 2023, arXiv 2308.01825, 3.3). Pure.
 */
import type { AnswerFormat } from '../rewards/answerFormat.js';

/** A key: the same for answers with the same list of equations. An answer without any is its own. */
export function equationsOf(text: string, format: AnswerFormat): string {
  const equations = format === 'program' ? assignments(text) : sums(text);
  return equations.length === 0 ? `text ${text.trim()}` : equations.join(';');
}

/** Lines of a program with names in the order in which they are given values, without comments, texts and blanks. */
function assignments(body: string): readonly string[] {
  const names = new Map<string, string>();
  return body.split('\n').flatMap((line) => {
    const code = line.replace(/#.*$/, '').trim();
    if (code === '' || /^(?:"""|''')/.test(code)) return [];
    const [, target] = /^([A-Za-z_]\w*)\s*(?:[-+*/]|\/\/|\*\*)?=(?!=)/.exec(code) ?? [];
    // The value is read before the name is given it.
    const written = rename(target === undefined ? code : code.slice(target.length), names);
    if (target === undefined) return [written];
    if (!names.has(target)) names.set(target, `v${names.size}`);
    return [`${names.get(target)}${written}`];
  });
}

function rename(code: string, names: ReadonlyMap<string, string>): string {
  return code
    .replace(/[A-Za-z_]\w*/g, (name) => names.get(name) ?? name)
    .replace(/\s+/g, code.startsWith('return') ? ' ' : '');
}

const amount = String.raw`\$?[\d.,]*\d%?`;
const equation = new RegExp(String.raw`${amount}(?:\s*[-+*/×÷x−]\s*${amount})+\s*=\s*${amount}`, 'gu');

/** `3 + 4 = 7` wherever it stands, without currencies, blanks and thousands. */
function sums(text: string): readonly string[] {
  return [...text.matchAll(equation)].map(([found]) =>
    found
      .replace(/[\s$]/g, '')
      .replace(/,(?=\d{3})/g, '')
      .replace(/[×x]/g, '*')
      .replaceAll('÷', '/')
      .replaceAll('−', '-'),
  );
}
