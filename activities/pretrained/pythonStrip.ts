/**
 * `strip`, `lstrip`, `rstrip` and the filter `trim` of chat templates, as Python has them. The library leaves their argument out, so that
 * `content.lstrip('\n')` would take indentation away, and takes JavaScript's white space for Python's.
 */
import type { Template } from '@huggingface/jinja';

type Names = keyof typeof functions;
const functions = {
  python_strip: (text: unknown, characters?: unknown) => cut(text, characters, { start: true, end: true }),
  python_lstrip: (text: unknown, characters?: unknown) => cut(text, characters, { start: true, end: false }),
  python_rstrip: (text: unknown, characters?: unknown) => cut(text, characters, { start: false, end: true }),
};
const names: ReadonlyMap<unknown, Names> = new Map([
  ['strip', 'python_strip'],
  ['lstrip', 'python_lstrip'],
  ['rstrip', 'python_rstrip'],
]);

/**
 * Puts calls of functions in the places of those methods, in the template itself.
 * @returns the functions, by the names that the template is to be rendered with.
 */
export function stripAsInPython(template: Template): Readonly<Record<Names, unknown>> {
  rewrite(template.parsed);
  return functions;
}

function rewrite(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  for (const child of node instanceof Map ? [...node].flat() : Object.values(node)) rewrite(child);
  const { type, callee, args, operand, filter } = node as Node;
  const name = callee?.type === 'MemberExpression' ? names.get(callee.property?.value) : undefined;
  if (type === 'CallExpression' && name !== undefined)
    Object.assign(node, { callee: { type: 'Identifier', value: name }, args: [callee?.object, ...(args ?? [])] });
  if (type === 'FilterExpression' && filter?.type === 'Identifier' && filter.value === 'trim')
    Object.assign(node, {
      type: 'CallExpression',
      callee: { type: 'Identifier', value: 'python_strip' satisfies Names },
      args: [operand],
    });
}

/** The fields of a node of the library's syntax tree that count here. */
interface Node {
  readonly type?: string;
  readonly value?: unknown;
  readonly callee?: Node;
  readonly property?: Node;
  readonly object?: Node;
  readonly args?: readonly Node[];
  readonly operand?: Node;
  readonly filter?: Node;
}

/** What `str.isspace` says of a character. */
const isSpace = (character: string): boolean =>
  /\p{White_Space}/u.test(character) || (character >= '\u001c' && character <= '\u001f');

function cut(text: unknown, characters: unknown, sides: { readonly start: boolean; readonly end: boolean }): string {
  if (typeof text !== 'string') throw new Error('a value that is to be stripped is no text');
  const isCut = typeof characters === 'string' ? (character: string) => characters.includes(character) : isSpace;
  const symbols = [...text];
  let [start, end] = [0, symbols.length];
  while (sides.start && start < end && isCut(symbols[start] ?? '')) start++;
  while (sides.end && end > start && isCut(symbols[end - 1] ?? '')) end--;
  return symbols.slice(start, end).join('');
}
