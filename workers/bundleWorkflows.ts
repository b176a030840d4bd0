/**
 * The workflow code as one bundle for the workers' sandbox. To make it takes as long as everything else a worker does to start, so it is made
 * once for each state of the code and kept beside the packages, as build tools keep theirs.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { isCompiled, moduleAt } from '../activities/compiled.js';
import { messageOf } from '../activities/errors.js';
import { sha256OfBytes } from '../activities/store/digest.js';
import { log, logger } from './log.js';
import { codeRoot, packageRoot } from './packageRoot.js';
import { dataDirectory } from './settings.js';
import { tracingModules } from './tracing.js';

const cache = isCompiled ? join(dataDirectory, 'bundles') : join(packageRoot, 'node_modules/.cache/reft');
/** What the workflows are made of: a room that they could import, and the packages' exact versions. */
const sources = [
  ...['workflows', 'activities', 'infra'].map((room) => join(codeRoot, room)),
  join(packageRoot, 'package.json'),
];
/** Of other states of the code: as many as somebody who changes between branches goes back to. */
const mostKept = 8;

const fileOf = (path: string): string => fileURLToPath(moduleAt(`../workflows/${path}`, import.meta.url));

/** What every workflow of a bundle runs in. */
export const interceptorModules: readonly string[] = [fileOf('failures'), fileOf('monitoring/waiting')];

export interface Bundle {
  readonly code: string;
}

/**
 * Bundles `workflows/index.ts` with all it imports, and what every workflow runs in.
 * @param failureConverterPath of the worker's data converter, where it has one
 * @param directory where bundles are kept
 */
export async function bundleWorkflows(failureConverterPath?: string, directory: string = cache): Promise<Bundle> {
  const options = {
    workflowsPath: fileOf('index'),
    workflowInterceptorModules: [...tracingModules(), ...interceptorModules],
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
  };
  const file = join(directory, `workflows-${await keyOf(options)}.js`);
  const kept = await readKept(file);
  if (kept !== undefined) return { code: kept };
  const { code } = await bundleWorkflowCode({ ...options, logger });
  await keep(file, code).catch((error: unknown) => {
    log('info', 'the workflow bundle cannot be kept, and is made again at the next start', { error: messageOf(error) });
  });
  return { code };
}

/** Of all that the bundle depends on; the root is among it, since the bundle names files. */
async function keyOf(options: object): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([codeRoot, options]));
  for (const source of sources)
    for (const file of await filesBelow(source)) hash.update(`\0${file}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 32);
}

async function filesBelow(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ts|js|mjs|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @returns undefined where there is none, or one that was not written whole */
async function readKept(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const code = text.slice(text.indexOf('\n') + 1);
  if (text === '' || text !== withSum(code)) return undefined;
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
  return code;
}

const withSum = (code: string): string => `// sha256 of what follows: ${sha256OfBytes(Buffer.from(code))}\n${code}`;

/** By another name first: workers that start at the same time read whole files only. */
async function keep(file: string, code: string): Promise<void> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true });
  const part = `${file}.${process.pid}.part`;
  try {
    await writeFile(part, withSum(code));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  const files = (await readdir(directory)).map((name) => join(directory, name));
  const aged = await Promise.all(files.map(async (path) => ({ path, at: (await stat(path)).mtimeMs })));
  const old = aged.sort((a, b) => b.at - a.at).slice(mostKept);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}
