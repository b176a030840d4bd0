/** Names of a program's variables, made of the words around a number: `36 rolls are left` is `rolls_left`. */
import { freeName } from './freeName.js';

/** A number in a text, and what stands around it. */
export interface NumberInText {
  /** Words before it in its sentence, and behind its start. */
  readonly before: string;
  readonly behind: string;
}

/** Python's own, and those of the program. */
export const reservedNames = [
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda',
  'nonlocal not or pass raise return try while with yield none true false',
  'abs all any bin bool dict divmod float format hash hex id input int iter len list map max min next object open pow print range',
  'repr reversed round set slice sorted str sum super tuple type vars zip math result solution',
].flatMap((names) => names.split(' '));

/** Words that say little of what a number counts. */
const emptyWords = new Set(
  [
    'a an the of is are was were be been will would can could should must has have had do does did and or but so then than that this',
    'these those there here it its he she they them him her his their we you i my your our to at by with as from which who what when',
    'if let s t re thus therefore because after before while during however again get gets got make makes take takes total equals equal also just only now still',
  ].flatMap((words) => words.split(' ')),
);
/** Behind a number these join it to what stands before: `earns 0.2 per minute`. */
const joiningWords = new Set(['per', 'each', 'every', 'in', 'for', 'on', 'more', 'less']);

/** A name that no earlier number has: the words behind the number, else those before the sum. */
export function newName({ before, behind }: NumberInText, taken: Set<string>): string {
  const following = wordsOf(/^\s*\$?[\d.,]*\d%?\s*([^.,;:!?()=<>\d$\n]*)/u.exec(behind)?.[1] ?? '').slice(0, 3);
  const sentence = /[^.;:!?<>=]*$/u.exec(before.replace(/<<[^<>]*>>/g, '').replace(/[=\s$]+$/u, ''))?.[0] ?? '';
  const leading = wordsOf(sentence.replace(/[\d$(][^A-Za-z]*$/u, ''));
  const isJoined = following.length === 0 || joiningWords.has(following[0] ?? '');
  const words = isJoined ? [...leading.slice(following.length === 0 ? -3 : -2), ...following] : following;
  const base = words.length === 0 ? 'amount' : words.slice(0, 4).join('_');
  // The same words again: those before the sum tell them apart, or a number.
  const others = leading.filter((word) => !words.includes(word));
  const longer = [1, 2].flatMap((count) =>
    others.length >= count ? [`${others.slice(-count).join('_')}_${base}`] : [],
  );
  return freeName([base, ...longer], taken);
}

/** In lower case, of plain letters, without the empty ones. */
function wordsOf(text: string): readonly string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]|['’]s\b|['’]/gu, '')
    .toLowerCase();
  return (plain.match(/[a-z]+/g) ?? []).filter((word) => !emptyWords.has(word) && word.length > 1);
}
