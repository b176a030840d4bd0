/**
 * Relative paths in a specification, as its author means them: from the folder of the file that they stand in, or where the command runs
 * for what is typed there. Made absolute before a run is started: a worker knows nothing of either folder.
 */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { isRecord, show } from '../../workflows/config/explain.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { UsageError } from './usageError.js';

/** Where relative paths start. */
export interface Start {
  readonly folder: string;
  /** Why there, for messages: `paths in my.json start at its folder`. */
  readonly why: string;
}

type Change = (value: unknown, path: string) => unknown;
type Changes = Readonly<Record<string, Change>>;

/**
 * The specification with the paths of what lies at the start made absolute. Those of data that do not are left as they are: a worker reads
 * them from its REFT_DATA_DIR.
 * @throws UsageError for a path that says by its first dot that it starts there, and leads to nothing
 */
export function locateFiles(input: SpecInput, start: Start): SpecInput {
  const file = (others: string): Change => {
    const located: Change = (value, path) => (typeof value === 'string' ? locate(value, path, start, others) : value);
    return (value, path) => (isRecord(value) ? changed(value, path, { from: located }) : located(value, path));
  };
  const ofData = file('s3://bucket/key, or without ./ one below the REFT_DATA_DIR of the workers');
  const ofModel = within({ from: file('s3://bucket/prefix or hf:org/name') });
  const named = within({ train: ofData, test: ofData });
  const source: Change = (value, path) =>
    Array.isArray(value)
      ? value.map((part, index) => within({ source: named })(part, `${path}.${index}`))
      : named(value, path);
  const verifier: Change = (value) => (typeof value === 'string' ? resolve(start.folder, value) : value);
  const term = within({ reward: within({ file: verifier }) });
  const terms: Change = (value, path) => (Array.isArray(value) ? value.map((one) => term(one, path)) : value);
  const fields: Changes = {
    data: within({ exclude: ofData, source }),
    model: ofModel,
    annotator: ofModel,
    reward: within({ file: verifier, terms }),
  };
  return changed(input, '', { ...fields, run: within(fields) });
}

function within(changes: Changes): Change {
  return (value, path) => (isRecord(value) ? changed(value, path, changes) : value);
}

function changed(fields: SpecInput, path: string, changes: Changes): SpecInput {
  const entries = Object.entries(fields).map(([name, value]) => {
    const change = Object.hasOwn(changes, name) ? changes[name] : undefined;
    return [name, change ? change(value, path === '' ? name : `${path}.${name}`) : value];
  });
  return Object.fromEntries(entries);
}

/** @param others what may stand there beside a path from the start */
function locate(file: string, field: string, { folder, why }: Start, others: string): string {
  if (isAbsolute(file) || /^[a-z0-9+.-]+:/i.test(file)) return file;
  const path = resolve(folder, file);
  if (existsSync(path)) return path;
  if (!/^\.\.?([\\/]|$)/.test(file)) return file;
  throw new UsageError(
    `${field}: got ${show(file)}, but there is nothing at ${path} (${why}), allowed: a path from there, an absolute one of the workers’ machines, ${others}`,
  );
}
