/**
 * Sums as people write them, `(3 + 4) x 5%`, read into trees: worked out, or written as Python. What GSM8K's notes and the equations of
 * other data sets have in common.
 */
import { apply, type Operator } from '../arithmetic.js';

/** A sum as it is written: numbers, signs, brackets; in equations with an unknown. */
export type Sum =
  | { readonly value: number; readonly text: string }
  | { readonly operator: Operator; readonly left: Sum; readonly right: Sum }
  | { readonly negated: Sum }
  /** The unknown of an equation, by its name. */
  | { readonly unknown: string };

/** Longer than any sum that people write, and short enough to be read bracket within bracket. */
const mostTokens = 300;

/**
 * Precedence as in school; a bracket behind a number multiplies. Null when the text is no sum.
 * @param unknown the name of what may stand for a number
 */
export function readSum(text: string, unknown?: string): Sum | null {
  const tokens = text.match(/\d[\d,]*(?:\.\d*)?|\.\d+|\*\*|\/\/|\S/gu) ?? [];
  if (tokens.length > mostTokens) return null;
  let place = 0;
  const take = (...wanted: readonly string[]): string | undefined => {
    const token = tokens[place];
    if (token === undefined || !wanted.includes(token)) return undefined;
    place += 1;
    return token;
  };
  const sum = (): Sum | null => chainOf(product, { '+': '+', '-': '-' });
  const product = (): Sum | null => chainOf(signed, { '*': '*', x: '*', '×': '*', '/': '/', '÷': '/', '//': '//' });
  const signed = (): Sum | null => {
    if (take('+') !== undefined) return signed();
    if (take('-') === undefined) return power();
    const negated = signed();
    return negated && { negated };
  };
  const power = (): Sum | null => {
    const left = percentage();
    if (left === null || take('^', '**') === undefined) return left;
    const right = signed();
    return right && { operator: '**', left, right };
  };
  const percentage = (): Sum | null => {
    const part = operand();
    if (part === null || take('%') === undefined) return part;
    return { operator: '/', left: part, right: { value: 100, text: '100' } };
  };
  const operand = (): Sum | null => {
    if (take('(') !== undefined) {
      const inner = sum();
      return inner !== null && take(')') !== undefined ? inner : null;
    }
    const token = tokens[place];
    if (unknown !== undefined && token === unknown) {
      place += 1;
      return { unknown };
    }
    const number = token === undefined ? Number.NaN : Number(token.replaceAll(',', ''));
    if (token === undefined || Number.isNaN(number)) return null;
    place += 1;
    return { value: number, text: String(number) };
  };
  const chainOf = (next: () => Sum | null, operators: Readonly<Record<string, Operator>>): Sum | null => {
    let left = next();
    for (;;) {
      const token = left === null ? undefined : take(...Object.keys(operators));
      const isTimes = token === undefined && left !== null && operators['*'] !== undefined && tokens[place] === '(';
      if (left === null || (token === undefined && !isTimes)) return left;
      const operator = token === undefined ? '*' : operators[token];
      const right = next();
      if (right === null || operator === undefined) return null;
      left = { operator, left, right };
    }
  };
  const whole = sum();
  return place === tokens.length ? whole : null;
}

/** NaN where it has an unknown. */
export function evaluate(sum: Sum): number {
  if ('unknown' in sum) return Number.NaN;
  if ('value' in sum) return sum.value;
  if ('negated' in sum) return -evaluate(sum.negated);
  return apply(sum.operator, evaluate(sum.left), evaluate(sum.right));
}

const precedence: Readonly<Record<Operator, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '//': 2, '**': 4 };

/** @param nameOf the variable of a number, where it has one */
export function python(sum: Sum, nameOf: (value: number) => string | undefined): string {
  const write = (part: Sum, least: number): string => {
    if ('unknown' in part) return part.unknown;
    if ('value' in part) return nameOf(part.value) ?? part.text;
    if ('negated' in part) return bracketed(`-${write(part.negated, 3)}`, least > 3);
    const own = precedence[part.operator];
    const rightLeast = ['-', '/', '//'].includes(part.operator) ? own + 1 : own;
    const text = `${write(part.left, own)} ${part.operator} ${write(part.right, rightLeast)}`;
    return bracketed(text, own < least);
  };
  return write(sum, 0);
}

function bracketed(text: string, isNeeded: boolean): string {
  return isNeeded ? `(${text})` : text;
}

/** Numbers that are closer are the same: chains give two digits behind the point at least. */
export const tolerance = 1e-6;

/** Whether two numbers are the same but for rounding. */
export function same(a: number, b: number): boolean {
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));
}
