/** Relative paths of data files and of a model's folder, as the user means them: from the folder in which the command runs. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { isRecord } from '../../workflows/config/explain.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { UsageError } from './usageError.js';

/**
 * The specification with the paths of what lies in `folder` made absolute. Other relative paths are left as they are: a worker reads data
 * from its REFT_DATA_DIR.
 * @throws UsageError for a path that says by its first dot that it starts here, and leads to nothing.
 */
export function locateFiles(input: SpecInput, folder: string): SpecInput {
  const inData = (data: unknown): unknown =>
    isRecord(data) ? changed(changed(data, 'exclude', locate), 'source', inSource) : data;
  const inSource = (source: unknown): unknown => {
    if (Array.isArray(source)) return source.map((part) => (isRecord(part) ? changed(part, 'source', inSource) : part));
    return isRecord(source) ? changed(changed(source, 'train', locate), 'test', locate) : source;
  };
  const locate = (file: unknown): unknown => {
    if (isRecord(file)) return changed(file, 'from', locate);
    return typeof file === 'string' ? located(file, folder) : file;
  };
  const inModel = (model: unknown): unknown => (isRecord(model) ? changed(model, 'from', locate) : model);
  const inSpec = (spec: unknown): unknown =>
    isRecord(spec) ? changed(changed(spec, 'data', inData), 'model', inModel) : spec;
  return changed(changed(changed(input, 'data', inData), 'model', inModel), 'run', inSpec);
}

function changed(fields: SpecInput, name: string, change: (value: unknown) => unknown): SpecInput {
  return Object.hasOwn(fields, name) ? { ...fields, [name]: change(fields[name]) } : fields;
}

function located(file: string, folder: string): string {
  if (isAbsolute(file) || /^[a-z0-9+.-]+:/i.test(file)) return file;
  const path = resolve(folder, file);
  if (existsSync(path)) return path;
  if (/^\.\.?[\\/]/.test(file)) throw new UsageError(`${file}: there is nothing at ${path}`);
  return file;
}
