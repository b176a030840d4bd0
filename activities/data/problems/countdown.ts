/**
 * Draws one number puzzle, as of the television game Countdown: reach a target from given numbers with + − × ÷, each number used exactly
 * once. A puzzle has several right answers; the one it is drawn with is its annotation.
 */
import { at } from '../../invariant.js';
import { createDraws, type Draws } from './draws.js';
import { type Expression, type Given, infix, type Operator, step } from './expression.js';

export interface Puzzle {
  readonly numbers: readonly number[];
  readonly target: number;
  /** Reaches the target. Every step on the way is a whole number of at least 1. */
  readonly expression: Expression;
}

/** Numbers of a puzzle: few, so that a model of 100,000 parameters learns something in minutes. */
const howMany = 3;

/** Of two digits at most, which keeps the arithmetic learnable for a model of 100,000 parameters. */
const largestTarget = 99;

/** The puzzle with number `candidate` in the stream of `seed`: three numbers from 1 to `largest`. */
export function drawPuzzle(seed: number, candidate: number, largest: number): Puzzle {
  const draws = createDraws(seed, candidate, 'story');
  for (;;) {
    const numbers = Array.from({ length: howMany }, () => draws.integer(1, largest));
    const expression = combineAll(
      numbers.map((value, index): Given => ({ kind: 'given', index, value })),
      draws,
    );
    const target = expression.value;
    if (target <= largestTarget && !numbers.includes(target)) return { numbers, target, expression };
  }
}

/** `Make 16 from 3, 5, 2.` */
export function writePuzzle({ numbers, target }: Puzzle): string {
  return `Make ${target} from ${numbers.join(', ')}.`;
}

/** What two puzzles must share to count as the same one: the target and the numbers, in whatever order. */
export function puzzleForm({ numbers, target }: Puzzle): string {
  return `${[...numbers].sort((a, b) => a - b).join(' ')} -> ${target}`;
}

/** `(3 + 5) * 2` */
export function writeExpression({ expression }: Puzzle): string {
  return infix(expression, ({ value }) => String(value)).replaceAll('//', '/');
}

/** Joins two parts at random until one is left. */
function combineAll(parts: readonly Expression[], draws: Draws): Expression {
  if (parts.length === 1) return at(parts, 0);
  const left = draws.pick(parts);
  const right = draws.pick(parts.filter((part) => part !== left));
  const operators: readonly Operator[] = ['+', '-', '*', '//'];
  const operator = draws.pick(operators.filter((one) => isWhole(left.value, one, right.value)));
  const rest = parts.filter((part) => part !== left && part !== right);
  return combineAll([...rest, step('bare', left, operator, right)], draws);
}

/** Whether a step gives a whole number of at least 1. A product with 1 or a division by 1 would say nothing. */
function isWhole(left: number, operator: Operator, right: number): boolean {
  if (operator === '-') return left > right;
  if (operator === '+') return true;
  if (operator === '*') return left > 1 && right > 1;
  return right > 1 && left % right === 0;
}
