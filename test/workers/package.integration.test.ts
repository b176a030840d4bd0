/**
 * The package as `npm pack` makes it, installed into an empty folder: the command runs, with its state in the user's home, and a team's
 * own worker (`test/examples/team`) hosts its workflows.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stackEnvironment } from '../../infra/environment.js';
import { binDirectory, startTestStack, type TestStack } from '../support/stack.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const mostBytes = 20 * 2 ** 20;
let folder: string;
let packed: {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reft-package-'));
  // `.npmrc` turns scripts off, `prepack` too.
  const told = execFileSync('npm', ['pack', '--ignore-scripts=false', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // What `prepack` prints comes first.
  [packed] = JSON.parse(told.slice(told.indexOf('[\n')));
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'reft'), { recursive: true });
  execFileSync('tar', ['xzf', join(folder, packed.filename), '-C', join(modules, 'reft'), '--strip-components=1']);
  // The other packages as they would be installed, without the minutes that it takes.
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== 'reft' && !name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name));
  await mkdir(join(folder, 'home/.reft'), { recursive: true });
  await symlink(binDirectory, join(folder, 'home/.reft/bin'));
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 }));

/** Of the shell but for what names other servers. */
function environmentWith(variables: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { TEMPORAL_ADDRESS: _, S3_ENDPOINT: __, REFT_STATE_DIR: ___, ...others } = process.env;
  return { ...others, HOME: join(folder, 'home'), ...variables };
}

function start(args: readonly string[], cwd: string, variables: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, args, {
    cwd,
    env: environmentWith(variables),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, finished: Promise.all([text(child.stdout), text(child.stderr), ended]) };
}

it('holds the code as JavaScript with types, its pages and the licence, in less than 20 MB', () => {
  expect(packed.size).toBeLessThan(packed.unpackedSize);
  expect(packed.unpackedSize).toBeLessThan(mostBytes);
  const paths = packed.files.map(({ path }) => path);
  const needed = [
    ...['LICENSE', 'README.md', 'CHANGELOG.md', 'workers/LIBRARY.md', 'workers/bin/reft.js'],
    ...['dist/workers/library/worker.js', 'dist/workers/library/worker.d.ts', 'dist/infra/keeper.mjs'],
  ];
  expect(paths).toEqual(expect.arrayContaining(needed));
  const unwanted = /^(test|\.data)\/|\.png$|(^|\/)\.env|(?<!\.d)\.ts$|bootstrap|compile\.mjs/;
  expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
});

it('runs from an empty folder', async () => {
  const { finished } = start(['node_modules/reft/workers/bin/reft.js', 'run', 'smoke', '--id', 'packed'], folder);
  const [out, error, code] = await finished;
  expect({ code, error: code === 0 ? '' : error }).toEqual({ code: 0, error: '' });
  expect(out).toContain(`Report: ${folder}/home/.reft/runs/packed/report.html`);
  expect(out).toMatch(/^Temporal UI, while "npx reft up" runs: http/m);
  expect(await readdir(join(folder, 'node_modules/reft'))).not.toContain('.data');
}, 300_000);

describe('a team', () => {
  let team: string;
  let stack: TestStack;
  let servers: Readonly<Record<string, string>>;
  beforeAll(async () => {
    team = join(folder, 'team');
    await cp(join(root, 'test/examples/team'), team, { recursive: true });
    stack = await startTestStack();
    servers = { ...stackEnvironment(stack), REFT_STATE_DIR: join(folder, 'team-state') };
  });
  afterAll(() => stack.stop());

  const compile = () =>
    spawnSync(process.execPath, ['../node_modules/typescript/bin/tsc'], { cwd: team, encoding: 'utf8' });

  it('compiles against the types, which know a wrong specification', async () => {
    const { status, stdout } = compile();
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    const wrong = join(team, 'wrong.ts');
    await writeFile(
      wrong,
      "import type { ReftSpec } from 'reft/spec';\nexport const spec: ReftSpec = { preset: 'smoke', ppo: { epochs: 'two' } };\n",
    );
    const refused = compile();
    expect(refused.status).not.toBe(0);
    expect(refused.stdout).toMatch(/^wrong\.ts\(2,/m);
    await rm(wrong);
  }, 60_000);

  it('hosts the workflows beside its own, and starts runs from both sides', async () => {
    const worker = start(['build/worker.js'], team, servers);
    const [out, error, code] = await start(['build/start.js'], team, servers).finished;
    expect({ code, error: code === 0 ? '' : error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/^nightly-model has a new model: [\d.]+ % right$/m);
    expect(out).toMatch(/^under way: \w+/m);
    expect(out).toMatch(/^finished: [\d.]+ % right, checkpoint [0-9a-f]{64}$/m);
    worker.child.kill('SIGTERM');
    const [announced, , workerCode] = await worker.finished;
    expect({ announced, workerCode }).toEqual({
      announced: expect.stringContaining('nightly-model has'),
      workerCode: 0,
    });
  }, 300_000);

  it('can put together workers of its own of the activities', async () => {
    const script = `
      import { createActivities, generalQueue } from 'reft/worker';
      const { general, engine, interceptors, close } = await createActivities();
      await close();
      console.log(JSON.stringify([generalQueue, typeof general.prepareData, typeof engine.rollout, interceptors.length]));`;
    const [out, error, code] = await start(['--input-type=module', '--eval', script], team, servers).finished;
    expect({ code, error: code === 0 ? '' : error }).toEqual({ code: 0, error: '' });
    expect(JSON.parse(out)).toEqual(['reft', 'function', 'function', 1]);
  }, 60_000);

  it('may leave the queues of runs to other workers', async () => {
    const script = `
      import { NativeConnection, Worker } from '@temporalio/worker';
      import { reftPlugin } from 'reft/worker';
      const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
      const plugins = [reftPlugin({ queues: [] })];
      const worker = await Worker.create({ connection, taskQueue: 'other', activities: { own: () => 1 }, plugins });
      console.log(await worker.runUntil(async () => worker.getState()));
      await connection.close();`;
    const { S3_ENDPOINT: _, ...without } = servers;
    const [out, error, code] = await start(['--input-type=module', '--eval', script], team, without).finished;
    expect({ out, code, error: code === 0 ? '' : error }).toEqual({ out: 'RUNNING\n', code: 0, error: '' });
  }, 60_000);

  it('is told which variable is missing', async () => {
    const { S3_ENDPOINT: _, ...without } = servers;
    const [, error, code] = await start(['build/worker.js'], team, without).finished;
    expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining('S3_ENDPOINT is not set') });
  }, 60_000);
});
