/** What `<spec file|preset> --set key=value …` means: the JSON that a workflow is started with. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { IncompatibleVersion, InvalidSpec } from '../../activities/errors.js';
import { admitSpec } from '../../workflows/config/admit.js';
import { didYouMean } from '../../workflows/config/closest.js';
import { isRecord } from '../../workflows/config/explain.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import type { Description, Kind } from './kinds.js';
import { locateFiles } from './locateFiles.js';
import { parseSpec } from './parseSpec.js';
import { UsageError } from './usageError.js';
import { withVerifiers } from './withVerifiers.js';

/** Of a specification's file: no larger one can be a workflow's input. */
const mostBytes = 2_000_000;

/** What a kind of workflow can be told. */
type Form = Pick<Kind<never>, 'presets' | 'check'>;

export interface NamedInput extends Description {
  /** What the command was given, for one that goes on with it. */
  readonly args: readonly string[];
  /** The preset's or the file's name, for the workflow id. */
  readonly name: string;
  readonly input: SpecInput;
}

/**
 * Reads a preset's name or a file, sets the fields given by `--set`, and checks the whole. Paths in the file start at its folder.
 * @throws UsageError when the specification cannot be read or run
 */
export async function readSpecInput(
  source: string,
  settings: readonly string[],
  { presets, check }: Form,
): Promise<NamedInput> {
  const isPreset = Object.hasOwn(presets, source);
  const given = isPreset ? { preset: source } : await readLocated(source, Object.keys(presets));
  const name = isPreset ? source : basename(source, extname(source));
  const args = [source, ...settings.flatMap((setting) => ['--set', setting])];
  return checkInput({ args, name, given, settings }, { check });
}

async function readLocated(path: string, presets: readonly string[]): Promise<SpecInput> {
  const admitted = admit(await readSpecFile(path, presets));
  return locateFiles(admitted, { folder: dirname(resolve(path)), why: `paths in ${path} start at its folder` });
}

/**
 * Sets the fields given by `--set`, whose paths start where the command runs, reads verifiers, and checks the whole.
 * @throws UsageError when it cannot be run
 */
export function checkInput(
  request: {
    readonly args: readonly string[];
    readonly name: string;
    readonly given: SpecInput;
    readonly settings: readonly string[];
  },
  { check }: Pick<Form, 'check'>,
): NamedInput {
  const { args, name, given, settings } = request;
  const input = withVerifiers(admit(settings.reduce(applySetting, given)));
  return { args, name, input, ...refusing(() => check(input)) };
}

const admit = (input: SpecInput): SpecInput => refusing(() => admitSpec(input, '{"preset": "demo"}'));

/** What cannot be run is a mistake of the command's user. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InvalidSpec || error instanceof IncompatibleVersion) throw new UsageError(error.message);
    throw error;
  }
}

async function readSpecFile(path: string, presets: readonly string[]): Promise<SpecInput> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size > mostBytes) throw new UsageError(`"${path}" has ${size} bytes, allowed: at most ${mostBytes}`);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const known = `known presets are ${presets.join(', ')}`;
    if (error.code === 'ENOENT')
      throw new UsageError(`"${path}" is neither a preset nor a file${didYouMean(path, presets)}; ${known}`);
    throw new UsageError(`"${path}" cannot be read: ${error.message}`);
  });
  const value = parseSpec(text, path);
  if (!isRecord(value)) throw new UsageError(`"${path}" must hold an object, such as {"preset": "demo"}`);
  return value;
}

/** `ppo.epochs=3`; the value is JSON where it can be, otherwise text. */
function applySetting(input: SpecInput, setting: string): SpecInput {
  const [key = '', ...parts] = setting.split('=');
  const path = key.split('.');
  if (parts.length === 0 || path.includes('') || path.length > 32)
    throw new UsageError(`--set ${setting.slice(0, 80)}: must be key=value, such as ppo.epochs=3`);
  const alone = admit(setAt({}, path, readValue(parts.join('='))));
  const located = locateFiles(alone, { folder: process.cwd(), why: 'paths of --set start where the command runs' });
  return setAt(input, path, valueAt(located, path));
}

function valueAt(target: unknown, path: readonly string[]): unknown {
  return path.reduce((value, key) => (isRecord(value) ? value[key] : undefined), target);
}

/** JSON where it can be, otherwise text. */
export function readValue(text: string): unknown {
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
