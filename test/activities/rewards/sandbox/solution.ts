/** A program as the model would write it: a body, indented into `def solution():`. */
export function solution(body: string): string {
  return `def solution():\n    ${body.replaceAll('\n', '\n    ')}`;
}
