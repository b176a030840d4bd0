/** What `<spec.json|preset> --set key=value …` means: the JSON that a workflow is started with. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { InvalidSpec } from '../../activities/errors.js';
import { at } from '../../activities/invariant.js';
import { isRecord } from '../../workflows/config/explain.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import type { Description, Kind } from './kinds.js';
import { locateFiles } from './locateFiles.js';
import { UsageError } from './usageError.js';
import { withVerifiers } from './withVerifiers.js';

/** What a kind of workflow can be told. */
type Form = Pick<Kind<never>, 'presets' | 'check'>;

export interface NamedInput extends Description {
  /** As the user gave it. */
  readonly source: string;
  /** The preset's or the file's name, for the workflow id. */
  readonly name: string;
  readonly input: SpecInput;
}

/**
 * Reads a preset's name or a JSON file, sets the fields given by `--set`, and checks the whole.
 * @throws UsageError when the specification cannot be read or run
 */
export async function readSpecInput(
  source: string,
  settings: readonly string[],
  { presets, check }: Form,
): Promise<NamedInput> {
  const isPreset = Object.hasOwn(presets, source);
  const given: SpecInput = isPreset ? { preset: source } : await readSpecFile(source, Object.keys(presets));
  const name = isPreset ? source : basename(source, extname(source));
  return checkInput({ source, name, given, settings }, { check });
}

/**
 * Sets the fields given by `--set`, finds the files that lie where the command runs, reads verifiers, and checks the whole.
 * @throws UsageError when it cannot be run
 */
export function checkInput(
  request: {
    readonly source: string;
    readonly name: string;
    readonly given: SpecInput;
    readonly settings: readonly string[];
  },
  { check }: Pick<Form, 'check'>,
): NamedInput {
  const { source, name, given, settings } = request;
  const input = locateFiles(withVerifiers(settings.reduce(applySetting, given), process.cwd()), process.cwd());
  return { source, name, input, ...describe(input, check) };
}

function describe(input: SpecInput, check: Form['check']): Description {
  try {
    return check(input);
  } catch (error) {
    if (error instanceof InvalidSpec) throw new UsageError(error.message);
    throw error;
  }
}

async function readSpecFile(path: string, presets: readonly string[]): Promise<SpecInput> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const known = `known presets are ${presets.join(', ')}`;
    if (error.code === 'ENOENT') throw new UsageError(`"${path}" is neither a preset nor a file; ${known}`);
    throw new UsageError(`"${path}" cannot be read: ${error.message}`);
  });
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { disallowComments: true });
  const [first] = errors;
  if (first) throw new UsageError(`"${path}" is no JSON: ${printParseErrorCode(first.error)} at ${place(text, first)}`);
  if (!isRecord(value)) throw new UsageError(`"${path}" must hold a JSON object, such as {"preset": "demo"}`);
  return value;
}

function place(text: string, { offset }: ParseError): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${at(before, -1).length + 1}`;
}

/** `ppo.epochs=3`; the value is JSON where it can be, otherwise text. */
function applySetting(input: SpecInput, setting: string): SpecInput {
  const [key = '', ...parts] = setting.split('=');
  const path = key.split('.');
  if (parts.length === 0 || path.includes(''))
    throw new UsageError(`--set ${setting}: must be key=value, such as ppo.epochs=3`);
  return setAt(input, path, readValue(parts.join('=')));
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function setAt(target: unknown, [key, ...rest]: readonly string[], value: unknown): SpecInput {
  const fields = isRecord(target) ? target : {};
  if (key === undefined) return fields;
  const next = rest.length === 0 ? value : setAt(Object.hasOwn(fields, key) ? fields[key] : {}, rest, value);
  return Object.fromEntries([...Object.entries(fields), [key, next]]);
}
