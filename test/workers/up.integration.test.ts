/** `reft up` twice and `reft down`: one set of servers, one worker, one address of live reports, and all end when told. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { binDirectory } from '../support/stack.js';

const command = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));
let state: string;
const started: ChildProcess[] = [];

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'reft-up-'));
  await symlink(binDirectory, join(state, 'bin'));
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await rm(state, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 });
});

interface Typed {
  /** What it has printed so far. */
  said(): string;
  readonly code: Promise<number | null>;
}

function reft(...args: string[]): Typed {
  const names = ['TEMPORAL_ADDRESS', 'S3_ENDPOINT'];
  const without = Object.fromEntries(names.map((name) => [name, undefined]));
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, ...without, REFT_STATE_DIR: state },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  return { said: () => said, code: new Promise((resolve) => child.once('close', resolve)) };
}

it('a second one attaches to the servers of the first and leaves it the work; reft down ends both', async () => {
  const first = reft('up');
  await expect.poll(first.said, { timeout: 120_000 }).toContain('Ready. Ctrl-C');
  const second = reft('up');
  await expect.poll(second.said, { timeout: 120_000 }).toContain('Ready, to take over from the worker');
  expect(second.said()).toContain(`Attached to the servers that run in ${state}.`);
  const [, address] = /^Live reports: (http:\/\/127\.0\.0\.1:\d+)$/m.exec(first.said()) ?? [];
  // The first one's.
  expect(second.said()).toContain(`Live reports: ${address}\n`);
  expect(await (await fetch(`${address}/`)).text()).toContain('There are none yet');
  const down = reft('down');
  expect(await Promise.all([down.code, first.code, second.code])).toEqual([0, 0, 0]);
  expect(down.said()).toBe(`The servers in ${state} have ended. Runs under way go on at the next start.\n`);
  for (const { said } of [first, second]) expect(said()).toContain('The servers are ending, as "reft down" asks');
});
