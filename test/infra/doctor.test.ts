/** The doctor: tells what is there and starts nothing. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { doctor } from '../../infra/doctor.js';

let directory: string;
const path = process.env.PATH;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-doctor-'));
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(directory, { recursive: true, force: true });
});

const statusOf = async (environment: NodeJS.ProcessEnv) =>
  Object.fromEntries((await doctor(directory, environment)).map(({ name, status }) => [name, status]));

test('finds nothing but Node and onnxruntime on an empty PATH, and leaves the data directory alone', async () => {
  process.env.PATH = '';
  expect(await statusOf({ REFT_DATA_DIR: join(directory, 'nowhere') })).toEqual({
    node: 'found',
    python: 'absent',
    go: 'absent',
    temporal: 'absent',
    s3: 'missing',
    encryption: 'absent',
    'onnxruntime-node': 'found',
    REFT_DATA_DIR: 'missing',
  });
  expect(await readdir(directory)).toEqual([]);
});

test('takes given servers and lists the execution providers', async () => {
  const environment = { TEMPORAL_ADDRESS: 'somewhere:7233', S3_ENDPOINT: 'http://somewhere', REFT_DATA_DIR: directory };
  expect(await statusOf(environment)).toMatchObject({ temporal: 'found', s3: 'found', REFT_DATA_DIR: 'found' });
  const onnxruntime = (await doctor(directory, environment)).find(({ name }) => name === 'onnxruntime-node');
  expect(onnxruntime?.detail).toMatch(/^1\.\d+\.\d+: cpu/);
});
