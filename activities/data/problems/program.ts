/** The P-CoT answer of a problem: the body of `solution()`, in one of three styles, so that there is more than one way to be right. */
import type { Draws } from './draws.js';
import { type Expression, type Given, givensOf, infix, step } from './expression.js';

type Style = (expression: Expression) => readonly string[];

/** `a = 12`, `b = 5`, then one expression over the letters, which follow reading order even where operands were swapped. */
const variablePerGiven: Style = (expression) => {
  const letter = ({ index }: Given): string => 'abcd'.charAt(index);
  return [
    ...givensOf(expression).map((given) => `${letter(given)} = ${given.value}`),
    `result = ${infix(expression, letter)}`,
  ];
};

/** `x = 12 + 5`, `result = x * 3`: a line for each step. */
const linePerStep: Style = (expression) => {
  const lines: string[] = [];
  const write = (part: Expression, isLast: boolean): string => {
    if (part.kind === 'given') return String(part.value);
    const right = `${write(part.left, false)} ${part.operator} ${write(part.right, false)}`;
    const name = isLast ? 'result' : 'xyz'.charAt(lines.length);
    lines.push(`${name} = ${right}`);
    return name;
  };
  write(expression, true);
  return lines;
};

/** `result = (12 + 5) * 3`. */
const oneExpression: Style = (expression) => [`result = ${infix(expression, ({ value }) => String(value))}`];

const styles: readonly Style[] = [variablePerGiven, linePerStep, oneExpression];

/** A body in a style chosen at random, its commutative operands swapped with probability 0.2 each. */
export function writeProgram(expression: Expression, draws: Draws): string {
  const lines = draws.pick(styles)(swapSome(expression, draws));
  return [...lines, 'return result'].map((line) => `    ${line}`).join('\n');
}

function swapSome(expression: Expression, draws: Draws): Expression {
  if (expression.kind === 'given') return expression;
  const { role, operator } = expression;
  const left = swapSome(expression.left, draws);
  const right = swapSome(expression.right, draws);
  const swap = (operator === '+' || operator === '*') && draws.chance(0.2);
  return swap ? step(role, right, operator, left) : step(role, left, operator, right);
}
