/**
 * An annotated equation, `X + 27 = 70`, as the lines of a Python program: numbers that the question gives are named after what they count,
 * and the unknown is what `result` is set to. What is made of an equation has to be run and compared with its answer.
 */
import { evaluate, python, readSum, type Sum, same } from './sums.js';
import { newName, reservedNames } from './variableNames.js';

/** What stands for the unknown while an equation is read: no letter, as x also multiplies. */
const unknown = '?';

/** Of published ones the longest has some hundred characters. */
const longestEquation = 500;
/** So many characters before and behind a number name it. */
const around = 200;

export type EquationReading = { readonly lines: readonly string[] } | { readonly problem: string };

/** @param equation with one unknown (any letter) or none: then what is not a lone number is worked out, `7 + 2 = 9` */
export function equationLines(question: string, equation: string): EquationReading {
  if (equation.length > longestEquation) return { problem: 'equation cannot be read' };
  const sides = equation.split('=').map((side) => readSide(side));
  if (/[;,]\s*[\p{L}\d(]*\s*[-+*/=]/u.test(equation.replace(/\d,\d{3}(?!\d)/g, '0')) || sides.length > 2)
    return { problem: 'row has several equations' };
  if (sides.length === 0 || sides.some((side) => side === null)) return { problem: 'equation cannot be read' };
  const sum = solve(sides.flatMap((side) => side ?? []));
  if (sum === null) return { problem: 'equation cannot be solved for one unknown' };
  if (Number.isNaN(evaluate(sum))) return { problem: 'equation cannot be solved for one unknown' };
  const { lines, nameOf } = givenNumbers(question, numbersOf(sum));
  return { lines: [...lines, `result = ${python(sum, nameOf)}`] };
}

function readSide(side: string): Sum | null {
  const marked = side.replace(/[A-Za-z](?![A-Za-z])/g, unknown).replace(/(\d|\))\s*\?/g, `$1*${unknown}`);
  return readSum(marked, unknown);
}

/** What the unknown is, or where there is none the side that is more than a number; null where it occurs twice or cannot be brought alone. */
function solve(sides: readonly Sum[]): Sum | null {
  const [first, second] = sides;
  if (first === undefined) return null;
  const counts = sides.map(unknownsIn);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return second === undefined || !('value' in first) ? first : second;
  if (total > 1 || second === undefined) return null;
  return counts[0] === 1 ? alone(first, second) : alone(second, first);
}

/** Takes what stands around the unknown of `side` to the other side, step by step. */
function alone(side: Sum, rest: Sum): Sum | null {
  if ('unknown' in side) return rest;
  if ('value' in side) return null;
  if ('negated' in side) return alone(side.negated, { negated: rest });
  const { operator, left, right } = side;
  const isLeft = unknownsIn(left) > 0;
  const [inner, other] = isLeft ? [left, right] : [right, left];
  switch (operator) {
    case '+':
      return alone(inner, { operator: '-', left: rest, right: other });
    case '-':
      return alone(
        inner,
        isLeft ? { operator: '+', left: rest, right: other } : { operator: '-', left: other, right: rest },
      );
    case '*':
      return alone(inner, { operator: '/', left: rest, right: other });
    case '/':
      return alone(
        inner,
        isLeft ? { operator: '*', left: rest, right: other } : { operator: '/', left: other, right: rest },
      );
    default:
      return null;
  }
}

function unknownsIn(sum: Sum): number {
  if ('unknown' in sum) return 1;
  if ('value' in sum) return 0;
  if ('negated' in sum) return unknownsIn(sum.negated);
  return unknownsIn(sum.left) + unknownsIn(sum.right);
}

function numbersOf(sum: Sum): readonly number[] {
  if ('unknown' in sum) return [];
  if ('value' in sum) return [sum.value];
  if ('negated' in sum) return numbersOf(sum.negated);
  return [...numbersOf(sum.left), ...numbersOf(sum.right)];
}

/** A number with what it counts, and what is said of it: `28 bales in the barn`. */
const laterWords =
  /^(\S+\s+(?!in\b|on\b|for\b|per\b|each\b|every\b)\S.{0,100}?)\s(?:in|on|for|per|each|every|more|less)\b[\s\S]*$/u;

/** An assignment for each of the numbers that the question gives in digits, in its order. */
function givenNumbers(question: string, wanted: readonly number[]) {
  const names = new Set(reservedNames);
  const named: { readonly value: number; readonly name: string }[] = [];
  for (const match of question.matchAll(/\d[\d,]*(?:\.\d+)?/g)) {
    const value = Number(match[0].replaceAll(',', ''));
    const isKnown = named.some((one) => same(one.value, value));
    if (isKnown || !wanted.some((number) => same(number, value))) continue;
    const before = question.slice(Math.max(0, match.index - around), match.index);
    const behind = question.slice(match.index, match.index + around).replace(laterWords, '$1');
    named.push({ value, name: newName({ before, behind }, names) });
  }
  return {
    lines: named.map(({ name, value }) => `${name} = ${value}`),
    nameOf: (value: number) => named.find((one) => same(one.value, value))?.name,
  };
}
