/** Python's arithmetic on two numbers. */

export type Operator = '+' | '-' | '*' | '/' | '//' | '**';

export function apply(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '//':
      return Math.floor(left / right);
    case '**':
      return left ** right;
  }
}
