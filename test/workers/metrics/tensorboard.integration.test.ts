/** Event files, read by TensorBoard itself, and what stands in them. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEventFile } from '../../../workers/metrics/tensorboard.js';
import { obtainPython, type PythonWithPackages } from '../../support/python.js';

const reader = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
accumulator = EventAccumulator(sys.argv[1])
accumulator.Reload()
tags = accumulator.Tags()['scalars']
print(json.dumps({tag: [[e.step, e.value] for e in accumulator.Scalars(tag)] for tag in tags}))
`;

let python: PythonWithPackages;
let directory: string;

beforeAll(async () => {
  python = await obtainPython('metrics');
  directory = await mkdtemp(join(tmpdir(), 'reft-events-'));
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

it('is read by TensorBoard, with what came later', async () => {
  const folder = join(directory, 'mine-1');
  const sink = await openEventFile(folder);
  await sink.write([
    { phase: 'warm-up', step: 1, metrics: { loss: 2.5 } },
    { phase: 'ppo', step: 1, metrics: { reward: 0.25, 'failed.syntax': 3, ratio: Number.NaN } },
  ]);
  await sink.write([{ phase: 'ppo', step: 300, metrics: { reward: -0.5 } }]);
  const { stdout, stderr, status } = spawnSync(python.path, ['-c', reader, folder], {
    env: { ...process.env, ...python.environment },
    encoding: 'utf8',
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    'warm-up/loss': [[1, 2.5]],
    'ppo/reward': [
      [1, 0.25],
      [300, -0.5],
    ],
    'ppo/failed.syntax': [[1, 3]],
  });
});

it('takes the place of its own earlier file, and of nothing else', async () => {
  const folder = join(directory, 'mine-2');
  await openEventFile(folder);
  await writeFile(join(folder, 'events.out.tfevents.1.host'), '');
  await openEventFile(folder);
  expect((await readdir(folder)).sort()).toEqual([
    'events.out.tfevents.1.host',
    expect.stringMatching(/^events\.out\.tfevents\.\d{10}\..*\.reft$/),
  ]);
});
