/** The text of a specification's file as a value: JSON, which may have comments, or YAML where the file's name ends so. */
import { extname } from 'node:path';
import { type ParseError, parse, printParseErrorCode, stripComments } from 'jsonc-parser';
import { parseDocument } from 'yaml';
import { messageOf } from '../../activities/errors.js';
import { at } from '../../activities/invariant.js';
import { isRecord } from '../../workflows/config/explain.js';
import { UsageError } from './usageError.js';

/**
 * The field `$schema`, by which editors know what the file is, is left out.
 * @throws UsageError where the text is neither, with the place of its first mistake
 */
export function parseSpec(text: string, path: string): unknown {
  const isYaml = ['.yaml', '.yml'].includes(extname(path).toLowerCase());
  const value = isYaml ? parseYaml(text, path) : parseJson(text, path);
  if (!isRecord(value) || typeof value.$schema !== 'string') return value;
  const { $schema, ...fields } = value;
  return fields;
}

function parseYaml(text: string, path: string): unknown {
  try {
    const document = parseDocument(text);
    const [first] = document.errors;
    if (first?.code === 'RESOURCE_EXHAUSTION') throw new RangeError(first.message);
    // Below it the message shows the line itself.
    if (first) throw new UsageError(`"${path}" is no YAML: ${at(first.message.split('\n'), 0).replace(/:$/, '')}`);
    return document.toJS();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // It goes deeper with each level.
    const problem = error instanceof RangeError ? 'it is nested too deep' : messageOf(error);
    throw new UsageError(`"${path}" is no YAML: ${problem}`);
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(stripComments(text, ' '));
  } catch {
    throw new UsageError(`"${path}" is no JSON: ${whatIsWrong(text)}`);
  }
}

/** JSON.parse says where only in some cases. */
function whatIsWrong(text: string): string {
  const errors: ParseError[] = [];
  try {
    parse(text, errors);
  } catch (error) {
    // It goes deeper with each bracket.
    if (error instanceof RangeError) return 'it is nested too deep';
    throw error;
  }
  const [first] = errors;
  return first === undefined ? 'it cannot be read' : `${printParseErrorCode(first.error)} at ${place(text, first)}`;
}

function place(text: string, { offset }: ParseError): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${at(before, -1).length + 1}`;
}
