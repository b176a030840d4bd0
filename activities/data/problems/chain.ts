/** The N-CoT answer of a problem: a short sentence for each step, with its sum worked out. */
import { type Step, type StepRole, stepsOf } from './expression.js';
import type { Problem } from './problem.js';

/** `{sum}` is the equation, `{things}` what the problem counts. */
const sentences: Readonly<Record<StepRole, string>> = {
  boxes: 'The boxes hold {sum} {things}.',
  groups: 'That is {sum} {things}.',
  now: 'Now there are {sum} {things}.',
  share: 'Each part is {sum} {things}.',
  price: 'The money is {sum} dollars.',
  bare: '{sum}.',
};

/** `Now there are 12 + 5 = 17 apples. The money is 17 * 3 = 51 dollars.` */
export function writeChain({ expression, things }: Pick<Problem, 'expression' | 'things'>): string {
  return stepsOf(expression)
    .map((part) => sentences[part.role].replace('{sum}', equation(part)).replace('{things}', things))
    .join(' ');
}

function equation({ left, operator, right, value }: Step): string {
  // Outside Python a division is written with one stroke.
  return `${left.value} ${operator === '//' ? '/' : operator} ${right.value} = ${value}`;
}
