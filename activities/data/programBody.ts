/**
 * The P-CoT answer in an annotated program: the body of `solution()`, as `format.ts` has it after the prompt's last line.
 *
 * Published programs are in that form. Others are brought into it without a change of meaning: what stands around the function moves
 * into it (imports, constants, helpers), docstrings and annotations of the result go, indentation becomes four spaces.
 */
import { functionStart } from '../rewards/answerFormat.js';
import { type PythonBlock, type PythonLine, readPython } from './pythonLines.js';

/** Null when the text is not one function that returns something, or it is not clear which of several is meant. */
export function programBody(program: string): string | null {
  const unified = program.replaceAll('\r\n', '\n').trimEnd();
  return publishedBody(unified) ?? rewrittenBody(unified);
}

/** As it stands. The docstring goes whatever it says, because some annotations quote the question with other spacing. */
function publishedBody(program: string): string | null {
  if (!program.startsWith(functionStart)) return null;
  const body = /^(?: {4}"""[\s\S]*?"""\n)?( {4}[\s\S]*)$/.exec(program.slice(functionStart.length))?.[1];
  return body !== undefined && /^ +return /m.test(body) && !/^\S/m.test(body) ? body : null;
}

/** A function without parameters: its name, and what stands on its line. */
const header = /^def\s+(\w+)\s*\(\s*\)\s*(?:->\s*(?:"[^"\n]*"|'[^'\n]*'|[^:"'\n]+?))?\s*:\s*(?:#.*)?([\s\S]*)$/u;
const textLiteral =
  /^[rRuU]?(?:"""(?:\\[\s\S]|(?!""")[^\\])*"""|'''(?:\\[\s\S]|(?!''')[^\\])*'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')\s*(?:#.*)?$/u;
const isText = (line: PythonLine): boolean => textLiteral.test(line.text);

function rewrittenBody(program: string): string | null {
  const blocks = readPython(program);
  if (blocks === null || /^\s*(?:global|nonlocal)\s/mu.test(program)) return null;
  const functions = blocks.flatMap((block) => {
    const [, name, rest] = header.exec(block.line.text) ?? [];
    return name === undefined || rest === undefined ? [] : [{ block, name, rest }];
  });
  const main = functions.find(({ name }) => name === 'solution') ?? (functions.length === 1 ? functions[0] : undefined);
  if (main === undefined) return null;
  const around: PythonLine[] = [];
  for (const block of blocks) {
    const moved = block === main.block ? [] : movedIn(block, main.name);
    if (moved === null) return null;
    around.push(...moved);
  }
  const lines = withoutDocstring([...(main.rest === '' ? [] : [{ depth: 1, text: main.rest }]), ...main.block.inside]);
  if (givesAnew(around, lines)) return null;
  // Under another name a function that calls itself would no longer find itself.
  const callsItself =
    main.name !== 'solution' && new RegExp(`\\b${main.name}\\b`, 'u').test(lines.map((line) => line.text).join('\n'));
  if (callsItself || !lines.some((line) => /(?:^|[:;]\s*)return\b\s*[^\s#;]/u.test(line.text))) return null;
  return [...around, ...lines]
    .map(({ depth, text }) => (text === '' ? '' : '    '.repeat(Math.max(depth, 1)) + text))
    .join('\n');
}

/** Lines of the body that stand for a statement beside the function: none where it does not bear on the value, null where it may. */
function movedIn({ line, inside }: PythonBlock, name: string): readonly PythonLine[] | null {
  const { text } = line;
  const isCall = new RegExp(`^${name}\\s*\\(\\s*\\)`, 'u').test(text);
  const isShown = /^(?:print\s*\(|assert\b)/u.test(text);
  const isGuarded = /^if\s+__name__\s*==/u.test(text);
  if (isCall || isShown || isGuarded || isText(line) || text === '' || /^(?:#|from\s+__future__\s)/u.test(text))
    return [];
  const isImport = /^(?:import\s|from\s(?!.*\bimport\s*\*))/u.test(text);
  const isConstant = /^\w+\s*(?::[^=]+)?=(?!=)/u.test(text);
  const isHelper = /^def\s/u.test(text);
  if (isConstant && new RegExp(`\\b${name}\\b`, 'u').test(text)) return [];
  if (!isImport && !isConstant && !isHelper) return null;
  return [line, ...trimmed(inside)].map(({ depth, text }) => ({ depth: depth + 1, text }));
}

/** Whether a function gives a name that is moved into it another value: what else reads that name would see it then. */
function givesAnew(around: readonly PythonLine[], lines: readonly PythonLine[]): boolean {
  const names = around
    .filter(({ depth }) => depth === 1)
    .flatMap(({ text }) =>
      /^(?:from|import)\s/u.test(text)
        ? (text.match(/\w+/gu) ?? [])
        : (text.replace(/^def\s+/u, '').match(/^\w+/u) ?? []),
    );
  const written = lines.map(({ text }) => text).join('\n');
  return names.some((name) =>
    new RegExp(`\\b${name}\\b[^=\\n]*=(?!=)|\\bfor\\b[^:\\n]*\\b${name}\\b[^:\\n]*\\bin\\b`, 'u').test(written),
  );
}

/** Without the string that opens a function. */
function withoutDocstring(lines: readonly PythonLine[]): readonly PythonLine[] {
  const first = lines.findIndex(({ text }) => text !== '' && !text.startsWith('#'));
  const opening = lines[first];
  const kept = opening !== undefined && isText(opening) ? lines.filter((line) => line !== opening) : lines;
  return trimmed(kept);
}

/** Without empty lines at both ends, and without comments behind it that belong to what follows. */
function trimmed(lines: readonly PythonLine[]): readonly PythonLine[] {
  const from = lines.findIndex(({ text }) => text !== '');
  const to = lines.findLastIndex(({ depth, text }) => text !== '' && !(depth === 0 && text.startsWith('#')));
  return lines.slice(Math.max(from, 0), to + 1);
}
