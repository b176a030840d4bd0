/** A Python program cut into its logical lines, each with its depth of indentation: as much of Python's grammar as moving lines needs. */

import { at } from '../invariant.js';

/** A logical line: a bracket or a long string that is open carries it over line breaks. */
export interface PythonLine {
  /** 0 at the top. */
  readonly depth: number;
  /** Without indentation; empty for an empty line, and a comment for a line of nothing else. */
  readonly text: string;
}

/** A line at the top with what is indented below it. */
export interface PythonBlock {
  readonly line: PythonLine;
  readonly inside: readonly PythonLine[];
}

const token =
  /"""(?:\\[\s\S]|(?!""")[^\\])*"""|'''(?:\\[\s\S]|(?!''')[^\\])*'''|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|#[^\n]*|\\\n[ \t\f]*|\n[ \t\f]*|[([{]|[)\]}]|[^"'#\\\n([{}\])]+/gy;

/** Blocks in order; null where strings, brackets or indentation do not add up. */
export function readPython(program: string): readonly PythonBlock[] | null {
  const lines = logicalLines(program);
  return lines && groupByTop(indented(lines));
}

/** Lines as they stand, indentation included; null where a string or bracket stays open. */
function logicalLines(program: string): readonly string[] | null {
  const lines: string[] = [];
  let line = '';
  let open = 0;
  let end = 0;
  for (const [part] of program.matchAll(token)) {
    end += part.length;
    if (/^[([{]$/.test(part)) open++;
    if (/^[)\]}]$/.test(part)) open--;
    if (!part.startsWith('\n')) line += part;
    // Within brackets the indentation is free.
    else if (open > 0) line += part.replaceAll('\t', '    ');
    else {
      lines.push(line);
      line = part.slice(1);
    }
  }
  return end === program.length && open === 0 ? [...lines, line] : null;
}

/** Depths by Python's rule, where a tab goes to the next multiple of 8; null where a line goes back to no earlier column. */
function indented(lines: readonly string[]): readonly PythonLine[] | null {
  const columns = [0];
  const read: PythonLine[] = [];
  for (const line of lines) {
    const text = line.trim();
    const isCode = text !== '' && !text.startsWith('#');
    const column = columnOf(line.slice(0, line.length - line.trimStart().length));
    if (isCode) {
      const isBack = column < at(columns, -1);
      while (column < at(columns, -1)) columns.pop();
      if (column > at(columns, -1)) {
        if (isBack) return null;
        columns.push(column);
      }
    }
    const depth = isCode ? columns.length - 1 : columns.filter((known) => known > 0 && known <= column).length;
    read.push({ depth, text });
  }
  return read;
}

function columnOf(indentation: string): number {
  let column = 0;
  for (const character of indentation) column = character === '\t' ? column + 8 - (column % 8) : column + 1;
  return column;
}

/** Null where the first line is indented. */
function groupByTop(lines: readonly PythonLine[] | null): readonly PythonBlock[] | null {
  const blocks: { readonly line: PythonLine; readonly inside: PythonLine[] }[] = [];
  for (const line of lines ?? []) {
    const block = blocks.at(-1);
    // Empty lines and comments belong to the block they stand in, wherever they begin.
    const isInside = line.depth > 0 || line.text === '' || line.text.startsWith('#');
    if (!isInside) blocks.push({ line, inside: [] });
    else if (block !== undefined) block.inside.push(line);
    else if (line.depth > 0 && !line.text.startsWith('#')) return null;
  }
  return lines && blocks;
}
