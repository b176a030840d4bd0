/** `reft data convert`: a published data set's own annotations as chains of thought, in a file that `data.source` takes. */
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { convertFile } from '../../activities/data/convert.js';
import { asdivTraining, asdivWhole, mawpsTraining, mawpsWhole } from '../../activities/data/sets/equations.js';
import { gsm8kAnnotated } from '../../activities/data/sets/gsm8k.js';
import { mathqaAnnotated } from '../../activities/data/sets/mathqa.js';
import { answersOf } from '../../activities/data/sets/names.js';
import { firstPresent } from '../../activities/data/sets/published.js';
import { svampAnnotated } from '../../activities/data/sets/svamp.js';
import { InvalidData } from '../../activities/errors.js';
import type { ConvertibleSet, CotName } from '../names.js';
import { openSandbox } from '../openSandbox.js';
import { workDirectory } from '../settings.js';
import { UsageError } from './usageError.js';

const annotated: Readonly<Record<ConvertibleSet, readonly string[]>> = {
  gsm8k: gsm8kAnnotated,
  mathqa: mathqaAnnotated,
  'mathqa-numeric': mathqaAnnotated,
  svamp: svampAnnotated,
  asdiv: [...asdivTraining, ...asdivWhole],
  mawps: [...mawpsTraining, ...mawpsWhole],
};

export interface ConvertOptions {
  readonly to: CotName;
  readonly out: string;
  /** Instead of the data set's file in `REFT_DATA_DIR`. */
  readonly file?: string;
  readonly json?: boolean;
  readonly force?: boolean;
}

/** @throws UsageError when the file is missing or cannot be converted, or another lies where the result goes. */
export async function convert(set: ConvertibleSet, options: ConvertOptions): Promise<void> {
  const { to, json = false, force = false } = options;
  const out = resolve(options.out);
  if (!force && (await isThere(out))) throw new UsageError(`${options.out} is there already; --force replaces it`);
  const path = await findFile(set, options.file);
  await mkdir(workDirectory, { recursive: true });
  const directory = await mkdtemp(join(workDirectory, 'convert-'));
  const sandbox = openSandbox();
  try {
    // Beside its place, so that what is there is whole.
    const unfinished = `${out}.part`;
    const { rows, kept, dropped } = await convertFile({
      file: { name: basename(path), path },
      answers: answersOf(set),
      to: to === 'p-cot' ? 'program' : 'natural',
      out: unfinished,
      workDirectory: directory,
      runPrograms: (programs) => sandbox.run(programs, {}),
      onProgress: () => undefined,
    });
    await rename(unfinished, out);
    const reasons = Object.fromEntries(Object.entries(dropped).map(([reason, { count }]) => [reason, count]));
    if (json) return console.log(JSON.stringify({ rows, kept, reasons }));
    console.log(`${kept} of ${rows} rows (${((100 * kept) / rows).toFixed(1)} %) in ${options.out}`);
    for (const [reason, { count, examples }] of Object.entries(dropped))
      console.log(
        `${String(count).padStart(6)}  ${reason}: ${examples.join(', ')}${count > examples.length ? ', …' : ''}`,
      );
  } catch (error) {
    if (error instanceof InvalidData) throw new UsageError(error.message);
    throw error;
  } finally {
    await Promise.all([sandbox.close(), rm(directory, { recursive: true }), rm(`${out}.part`, { force: true })]);
  }
}

async function findFile(set: ConvertibleSet, given: string | undefined): Promise<string> {
  if (given !== undefined) {
    if (await isThere(given)) return resolve(given);
    throw new UsageError(`${given} is not there`);
  }
  const folder = process.env.REFT_DATA_DIR;
  const names = annotated[set];
  const looked = names.join(', ');
  if (folder === undefined)
    throw new UsageError(`REFT_DATA_DIR is not set: it must name the folder that holds ${looked}; or give --file`);
  const found = await firstPresent(folder, names);
  if (found !== undefined) return join(folder, found);
  throw new UsageError(`${folder} (REFT_DATA_DIR) has none of ${looked}; or give --file`);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
