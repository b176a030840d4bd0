/**
 * What `compose.yaml` has its servers do, by the same programs outside of containers: Temporal takes the dynamic configuration, the script makes
 * it ready for runs, and versitygw starts with its words and tells its health.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import getPort from 'get-port';
import { afterAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { required } from '../../../activities/invariant.js';
import { findOnPath } from '../../../infra/obtain/commands.js';
import { buildVersitygw } from '../../../infra/obtain/fromGo.js';
import { endProcess } from '../../../infra/process/processes.js';
import { isTemporalHealthy, registerSearchAttributes } from '../../../infra/temporal/prepare.js';
import { binDirectory } from '../../support/stack.js';
import { findTemporal } from '../../support/temporalCommand.js';
import { root } from './variables.js';

const folder = join(root, 'infra/deploy');
const scratch = mkdtempSync(join(tmpdir(), 'reft-compose-'));
const children: number[] = [];
let said = '';

afterAll(async () => {
  await Promise.all(children.map((pid) => endProcess(pid)));
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
});

function start(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => {
      said += text;
    });
  children.push(required(child.pid, `a process of ${program}`));
}

it('the script makes a Temporal with this configuration ready, and changes nothing when it is called again', async () => {
  const temporal = await findTemporal();
  const settings: Record<string, readonly { readonly value: unknown }[]> = parse(
    readFileSync(join(folder, 'compose/temporal.yaml'), 'utf8'),
  );
  const port = await getPort();
  start(temporal, [
    ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'],
    ...Object.entries(settings).flatMap(([name, values]) =>
      values.flatMap(({ value }) => ['--dynamic-config-value', `${name}=${value}`]),
    ),
  ]);
  // In the container the command has its own name.
  await mkdir(join(scratch, 'bin'));
  await symlink(temporal, join(scratch, 'bin/temporal'));
  const address = `127.0.0.1:${port}`;
  const environment = {
    PATH: `${join(scratch, 'bin')}${delimiter}${process.env.PATH}`,
    HOME: scratch,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: 'runs',
  };
  const access = { address, namespace: 'runs', uiUrl: null };
  for (const _ of [1, 2]) {
    const script = join(folder, 'compose/createNamespace.sh');
    const { stdout } = await promisify(execFile)('sh', [script], { env: environment });
    expect(stdout).toContain('Namespace runs is ready');
    expect(await isTemporalHealthy(access)).toBe(true);
  }
  const connection = await Connection.connect({ address });
  try {
    const known = await connection.operatorService.listSearchAttributes({ namespace: 'runs' });
    expect(Object.keys(known.customAttributes)).toEqual(
      expect.arrayContaining(['ReftPhase', 'ReftRound', 'ReftAccuracy']),
    );
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'runs' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(90 * 24 * 3_600);
  } finally {
    await connection.close();
  }
  // As they have to be: of these types.
  await registerSearchAttributes(access);
  expect(said).not.toMatch(/unregistered|unknown.*dynamic/i);
}, 120_000);

it('the S3 server starts with the words of compose.yaml, and tells its health', async ({ skip }) => {
  const versitygw =
    (await findOnPath('versitygw')) ?? (await buildVersitygw(binDirectory, () => undefined).catch(() => null));
  if (versitygw === null) return skip('no versitygw, and no Go to build it');
  const { services } = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'), { merge: true });
  const { command, environment, healthcheck } = services.s3;
  const port = await getPort();
  const objects = join(scratch, 'objects');
  await mkdir(objects);
  const here: Record<string, string> = { ':7070': `127.0.0.1:${port}`, '/objects': objects };
  const keys = Object.fromEntries(Object.keys(environment).map((name) => [name, 'of-the-test']));
  start(
    versitygw,
    command.map((word: string) => here[word] ?? word),
    keys,
  );
  const health = healthcheck.test.at(-1).replace(':7070', `:${port}`);
  await expect.poll(() => fetch(health).then(({ status }) => status, String), { timeout: 30_000 }).toBe(200);
}, 600_000);
