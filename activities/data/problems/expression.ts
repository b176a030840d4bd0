/** The arithmetic of a word problem: a binary tree over the numbers its text gives. */
import { type Operator as AnyOperator, apply } from '../arithmetic.js';

export type Operator = Extract<AnyOperator, '+' | '-' | '*' | '//'>;

/** A number given in the text; `index` is its place among the givens, in reading order. */
export interface Given {
  readonly kind: 'given';
  readonly index: number;
  readonly value: number;
}

/** One step of reasoning. `role` says what the result is in the story, so that a chain of thought can name it. */
export interface Step {
  readonly kind: 'step';
  readonly operator: Operator;
  readonly role: StepRole;
  readonly left: Expression;
  readonly right: Expression;
  readonly value: number;
}

/** `boxes` and `groups` are products of a number of containers and what each holds; `bare` has no story. */
export type StepRole = 'boxes' | 'groups' | 'now' | 'share' | 'price' | 'bare';

export type Expression = Given | Step;

/** A step with its value worked out. Division is exact by the caller's choice of numbers. */
export function step(role: StepRole, left: Expression, operator: Operator, right: Expression): Step {
  return { kind: 'step', operator, role, left, right, value: apply(operator, left.value, right.value) };
}

/** Every step, each after the steps it needs: the order in which one would reason. */
export function stepsOf(expression: Expression): readonly Step[] {
  if (expression.kind === 'given') return [];
  return [...stepsOf(expression.left), ...stepsOf(expression.right), expression];
}

/** The givens in reading order. */
export function givensOf(expression: Expression): readonly Given[] {
  if (expression.kind === 'given') return [expression];
  return [...givensOf(expression.left), ...givensOf(expression.right)].sort((a, b) => a.index - b.index);
}

/** Python text of the tree, bracketed only where reading left to right would change it; `write` says how a given appears. */
export function infix(expression: Expression, write: (given: Given) => string): string {
  if (expression.kind === 'given') return write(expression);
  const { operator, left, right } = expression;
  const wrap = (side: Expression, needed: boolean): string => (needed ? `(${infix(side, write)})` : infix(side, write));
  const leftText = wrap(left, precedence(left) < precedence(expression));
  const rightText = wrap(right, right.kind === 'step' && precedence(right) <= precedence(expression));
  return `${leftText} ${operator} ${rightText}`;
}

function precedence(expression: Expression): number {
  if (expression.kind === 'given') return 3;
  return expression.operator === '+' || expression.operator === '-' ? 1 : 2;
}
