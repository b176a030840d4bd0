/** Metrics in MLflow's own tracking server, read back by its own client. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { messageOf } from '../../../activities/errors.js';
import { openMlflowRun } from '../../../workers/metrics/mlflow.js';
import { obtainPython, type PythonProcess, type PythonWithPackages, startPython } from '../../support/python.js';

const server = `
import sys
from mlflow.server import app
app.run(host='127.0.0.1', port=int(sys.argv[1]), threaded=True)
`;
const reader = `
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
experiment = client.get_experiment_by_name(sys.argv[2])
runs = client.search_runs([experiment.experiment_id])
history = lambda run, key: [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, key)]
print(json.dumps([{
    'name': run.info.run_name, 'status': run.info.status, 'start': run.info.start_time,
    'params': run.data.params, 'metrics': {key: history(run, key) for key in run.data.metrics},
} for run in runs]))
`;

let python: PythonWithPackages;
let directory: string;
let running: PythonProcess;
let url: string;

beforeAll(async () => {
  python = await obtainPython('mlflow');
  directory = await mkdtemp(join(tmpdir(), 'reft-mlflow-'));
  const port = await getPort({ host: '127.0.0.1' });
  url = `http://127.0.0.1:${port}`;
  running = startPython(python, ['-c', server, String(port)], {
    _MLFLOW_SERVER_FILE_STORE: join(directory, 'runs'),
    _MLFLOW_SERVER_ARTIFACT_ROOT: join(directory, 'artifacts'),
    MLFLOW_ALLOW_FILE_STORE: 'true',
    MLFLOW_DISABLE_TELEMETRY: 'true',
  });
  await vi.waitFor(async () => expect((await fetch(`${url}/health`)).status).toBe(200), {
    timeout: 60_000,
    interval: 200,
  });
}, 300_000);
afterAll(async () => {
  await running?.kill();
  await rm(directory, { recursive: true, force: true });
});

function runsIn(experiment: string): unknown {
  const { stdout, stderr, status } = spawnSync(python.path, ['-c', reader, url, experiment], {
    env: { ...process.env, ...python.environment, MLFLOW_DISABLE_TELEMETRY: 'true' },
    encoding: 'utf8',
  });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

const startedAt = new Date('2026-11-28T20:00:00Z');
const spec = { preset: 'demo', ppo: { optimiser: { learningRate: 3e-4 }, klCoefficient: null }, seeds: [1, 2] };

it('has a run with the specification as parameters and every metric at its step', async () => {
  const sink = await openMlflowRun(`${url}/`, 'mine-1', startedAt, spec);
  await sink.write([
    { phase: 'warm-up', step: 1, metrics: { loss: 2.5 } },
    { phase: 'ppo', step: 1, metrics: { reward: 0.25, 'failed.syntax': 3, ratio: Number.NaN } },
  ]);
  expect(runsIn('reft')).toMatchObject([{ status: 'RUNNING' }]);
  await sink.write([{ phase: 'ppo', step: 300, metrics: { reward: -0.5 } }]);
  await sink.close('COMPLETED');
  expect(sink.place).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#\/experiments\/\d+\/runs\/[0-9a-f]{32}$/);
  expect(runsIn('reft')).toEqual([
    {
      name: 'mine-1',
      status: 'FINISHED',
      start: startedAt.getTime(),
      params: {
        preset: 'demo',
        'ppo.optimiser.learningRate': '0.0003',
        'ppo.klCoefficient': 'null',
        seeds: '[1,2]',
      },
      metrics: {
        'warm-up/loss': [[1, 2.5]],
        'ppo/reward': [
          [1, 0.25],
          [300, -0.5],
        ],
        'ppo/failed.syntax': [[1, 3]],
      },
    },
  ]);
});

it('takes the place of its own earlier export, and of no other run', async () => {
  process.env.MLFLOW_EXPERIMENT_NAME = 'team ö';
  try {
    for (const id of ["o'brien/1", 'mine-2', "o'brien/1"]) {
      const sink = await openMlflowRun(url, id, startedAt, {});
      // More than one request may hold.
      await sink.write(Array.from({ length: 1_500 }, (_, step) => ({ phase: 'ppo', step, metrics: { reward: step } })));
      await sink.close('CANCELLED');
    }
  } finally {
    delete process.env.MLFLOW_EXPERIMENT_NAME;
  }
  const found = runsIn('team ö') as readonly { name: string; status: string; metrics: Record<string, unknown[]> }[];
  expect(found.map(({ name, status }) => `${name} ${status}`).sort()).toEqual(['mine-2 KILLED', "o'brien/1 KILLED"]);
  expect(found.map(({ metrics }) => metrics['ppo/reward']?.length)).toEqual([1_500, 1_500]);
});

it('is refused with what is wrong', async () => {
  const refused = (address: string) => openMlflowRun(address, 'x', startedAt, {}).then(() => 'nothing', messageOf);
  for (const address of ['mlruns', 'file:///mlruns', 'http://me:secret@127.0.0.1:5000', 'http://127.0.0.1:5000/#/'])
    expect(await refused(address)).toContain(`--mlflow is "${address}": allowed is the address of a tracking server`);
  const nobodys = `http://127.0.0.1:${await getPort({ host: '127.0.0.1' })}`;
  expect(await refused(nobodys)).toMatch(/^MLflow at http:\/\/127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/);
  const asked: (string | undefined)[] = [];
  const stranger = createServer(({ headers }, response) => {
    asked.push(headers.authorization);
    response.writeHead(403).end('{"error_code":"PERMISSION_DENIED","message":"not you"}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => stranger.once('listening', resolve));
  const address = stranger.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  Object.assign(process.env, { MLFLOW_TRACKING_USERNAME: 'me', MLFLOW_TRACKING_PASSWORD: 'secret' });
  try {
    expect(await refused(`http://127.0.0.1:${port}`)).toBe(
      `MLflow at http://127.0.0.1:${port} answered experiments/get-by-name with status 403: PERMISSION_DENIED not you`,
    );
    expect(asked).toEqual([`Basic ${Buffer.from('me:secret').toString('base64')}`]);
  } finally {
    delete process.env.MLFLOW_TRACKING_USERNAME;
    delete process.env.MLFLOW_TRACKING_PASSWORD;
    stranger.close();
  }
});
