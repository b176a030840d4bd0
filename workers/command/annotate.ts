/** `reft annotate`: chains of thought for the questions of a specification, and if wanted their rows in a file. */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openStore } from '../openStore.js';
import { annotationKind } from './kinds.js';
import { readSpecInput } from './readSpecInput.js';
import { followNew, type RunOptions } from './run.js';
import { UsageError } from './usageError.js';

export interface AnnotateOptions extends RunOptions {
  readonly out?: string;
  readonly force?: boolean;
}

/** @returns the process's exit code, as `reft run` does */
export async function annotate(source: string, options: AnnotateOptions): Promise<number> {
  const { out, force = false, set = [], ...which } = options;
  if (out !== undefined && !force && (await isThere(out)))
    throw new UsageError(`${out} is there already; --force replaces it`);
  const named = await readSpecInput(source, set, annotationKind);
  return followNew(
    annotationKind,
    async () => named,
    which,
    async (stack, { published }) => {
      if (published.card.rows === 0) console.log('No answer was right: there is nothing to train on.');
      else console.log(`data.source that trains on it: {"train": "annotation:${published.rows.sha256}", "test": …}`);
      if (out === undefined) return;
      await openStore(stack.s3).saveTo(published.rows.key, resolve(out));
      console.log(`Rows: ${out}`);
    },
  );
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
