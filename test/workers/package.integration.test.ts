/** The package as `npm pack` makes it, installed into an empty folder: it runs, and its state lies in the user's home. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { binDirectory } from '../support/stack.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const mostBytes = 20 * 2 ** 20;
let folder: string;
let packed: {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reft-package-'));
  const told = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  [packed] = JSON.parse(told);
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'reft'), { recursive: true });
  execFileSync('tar', ['xzf', join(folder, packed.filename), '-C', join(modules, 'reft'), '--strip-components=1']);
  // The other packages as they would be installed, without the minutes that it takes.
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== 'reft' && !name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name));
  await mkdir(join(folder, 'home/.reft'), { recursive: true });
  await symlink(binDirectory, join(folder, 'home/.reft/bin'));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 }));

it('holds the sources, their pages and the licence, in less than 20 MB', () => {
  expect(packed.unpackedSize).toBeLessThan(mostBytes);
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'CHANGELOG.md', 'workers/bin/reft.js']));
  expect(paths.filter((path) => /^(test|\.data)\/|\.png$|(^|\/)\.env/.test(path))).toEqual([]);
});

it('runs from an empty folder', async () => {
  const { TEMPORAL_ADDRESS: _, S3_ENDPOINT: __, REFT_STATE_DIR: ___, ...others } = process.env;
  const child = spawn(process.execPath, ['node_modules/reft/workers/bin/reft.js', 'run', 'smoke', '--id', 'packed'], {
    cwd: folder,
    env: { ...others, HOME: join(folder, 'home') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  expect({ code, error: code === 0 ? '' : error }).toEqual({ code: 0, error: '' });
  expect(out).toContain(`Report: ${folder}/home/.reft/runs/packed/report.html`);
  expect(out).toMatch(/^Temporal UI, while "npx reft up" runs: http/m);
  expect(await readdir(join(folder, 'node_modules/reft'))).not.toContain('.data');
}, 300_000);
