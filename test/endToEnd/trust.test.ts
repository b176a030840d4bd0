/**
 * Runs as they are where nobody is trusted: Temporal behind TLS with an API key and only the calls that `infra/SECURING.md` lists, S3 under
 * the policy of that page, payloads encrypted. A run that succeeds, one that fails and one that is cancelled leave none of the secrets
 * anywhere, and the planted question in S3 alone. A further run, by mTLS and without encryption, shows that the search finds what is there.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GetObjectCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection, Worker } from '@temporalio/worker';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { at, required } from '../../activities/invariant.js';
import { joinKeeper, type Keeper } from '../../infra/process/keeper.js';
import { connectionOptions, type TemporalAccess, temporalFromEnvironment } from '../../infra/temporal/access.js';
import { dataConverterFrom } from '../../infra/temporal/codec/dataConverter.js';
import { type LocalServer, startTemporal } from '../../infra/temporal/local.js';
import { isTemporalHealthy, registerSearchAttributes } from '../../infra/temporal/prepare.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { findVersitygw, type ServerInHand, startServerInHand } from '../activities/store/s3Server.js';
import { binDirectory } from '../support/stack.js';
import { findTemporal } from '../support/temporalCommand.js';
import { certificatePath, startTemporalFront, type TemporalFront } from '../support/temporalFront.js';

const command = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));
const page = await readFile(new URL('../../infra/SECURING.md', import.meta.url), 'utf8');

const question = 'xyzzyplugh';
const folderName = 'planted-folder';
const secrets = {
  accessKey: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
  secretKey: randomBytes(20).toString('hex'),
  hubToken: `hf_${randomBytes(20).toString('hex')}`,
  apiKey: randomBytes(20).toString('hex'),
  codecKey: randomBytes(32).toString('base64'),
};

let directory: string;
let temporal: LocalServer<TemporalAccess>;
let s3: ServerInHand;
let hub: Server;
let keeper: Keeper;
const tokensSeen = new Set<string | undefined>();
let closed: TemporalFront;
let mutual: TemporalFront;
let sealed: NodeJS.ProcessEnv;
let open: NodeJS.ProcessEnv;
let logs = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reft-trust-'));
  await plantQuestions(join(directory, 'data', folderName));
  keeper = await joinKeeper(directory, () => undefined);
  temporal = await startTemporal(directory, binDirectory, 'default', { keeper, log: () => undefined });
  await registerSearchAttributes(temporal.access);
  await startStorage();
  hub = createServer((request, response) => {
    tokensSeen.add(request.headers.authorization);
    response.writeHead(404).end('{"error":"Repository not found"}');
  }).listen(0, '127.0.0.1');
  await once(hub, 'listening');
  closed = await startTemporalFront(temporal.access.address, { apiKey: secrets.apiKey, allowed: listedCalls() });
  mutual = await startTemporalFront(temporal.access.address, { wantsCertificate: true });
  const tls = { TEMPORAL_TLS: 'true', TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificatePath('authority') };
  const shared = {
    ...tls,
    S3_ENDPOINT: s3.access.endpoint,
    S3_BUCKET: 'reft',
    REFT_DATA_DIR: join(directory, 'data'),
  };
  sealed = {
    ...shared,
    TEMPORAL_ADDRESS: closed.address,
    TEMPORAL_API_KEY: secrets.apiKey,
    S3_PREFIX: 'team/reft',
    AWS_ACCESS_KEY_ID: secrets.accessKey,
    AWS_SECRET_ACCESS_KEY: secrets.secretKey,
    HF_TOKEN: secrets.hubToken,
    HF_ENDPOINT: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`,
    REFT_CODEC_KEY: `canary:${secrets.codecKey}`,
    REFT_METRICS_ADDRESS: `127.0.0.1:${await getPort()}`,
  };
  open = {
    ...shared,
    TEMPORAL_ADDRESS: mutual.address,
    TEMPORAL_TLS_CLIENT_CERT_PATH: certificatePath('client'),
    TEMPORAL_TLS_CLIENT_KEY_PATH: certificatePath('client-key'),
    AWS_ACCESS_KEY_ID: s3.access.credentials?.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.access.credentials?.secretAccessKey,
  };
});
afterAll(async () => {
  await Promise.all([closed?.close(), mutual?.close(), s3?.close(), keeper?.leave()]);
  hub?.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** The example's rows and two more, with a word that stands nowhere else. */
async function plantQuestions(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [index, name] of ['train.jsonl', 'test.jsonl'].entries()) {
    const rows = await readFile(new URL(`../examples/units/${name}`, import.meta.url), 'utf8');
    const planted = { ask: `How many ${question} are ${index + 3} km?`, explained: 'They are 5', number: 5 };
    await writeFile(join(folder, name), `${rows.trimEnd()}\n${JSON.stringify(planted)}\n`);
  }
}

/** versitygw with a user who may do what the page's policy allows, and a bucket. */
async function startStorage(): Promise<void> {
  const executable = required(await findVersitygw(), 'versitygw');
  s3 = await startServerInHand(executable, '--iam-dir', await mkdtemp(join(directory, 'iam-')), '--iam-cache-disable');
  const { accessKeyId, secretAccessKey } = required(s3.access.credentials, 'credentials');
  const user = ['create-user', '--access', secrets.accessKey, '--secret', secrets.secretKey, '--role', 'user'];
  const root = ['--access', accessKeyId, '--secret', secretAccessKey, '--endpoint-url', s3.access.endpoint];
  execFileSync(executable, ['admin', ...root, ...user]);
  const [, json] = /```json\n(\{\s+"Version"[\s\S]*?)```/.exec(page) ?? [];
  const policy = required(json, 'the policy of the page')
    .replaceAll('BUCKET', 'reft')
    .replaceAll('PREFIX', 'team/reft')
    .replace(/arn:aws:iam::[^"]*/, secrets.accessKey);
  await clientAs(accessKeyId, secretAccessKey).send(new PutBucketPolicyCommand({ Bucket: 'reft', Policy: policy }));
}

function clientAs(accessKeyId: string, secretAccessKey: string): S3Client {
  const { endpoint, region } = s3.access;
  return new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
}

/** The calls in the table of the page. */
function listedCalls(): ReadonlySet<string> {
  const table = at(page.split('## Least rights in Temporal'), 1).match(/^\|.*\|$/gm);
  const names = required(table, 'the table of calls').flatMap((row) => row.match(/`[A-Z][A-Za-z]+`/g) ?? []);
  return new Set(names.map((name) => name.slice(1, -1)));
}

interface Command {
  readonly child: ChildProcess;
  /** Standard output and error. */
  said(): string;
  readonly ended: Promise<number | null>;
}

/** `reft …`, with nothing in its environment but what it is given. */
function reft(environment: NodeJS.ProcessEnv, ...args: string[]): Command {
  const child = spawn(process.execPath, [command, ...args], {
    env: { PATH: process.env.PATH, HOME: directory, REFT_STATE_DIR: join(directory, 'state'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const hear = (chunk: Buffer): void => {
    said += chunk;
    logs += chunk;
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, said: () => said, ended };
}

async function outcomeOf(environment: NodeJS.ProcessEnv, ...args: string[]) {
  const started = reft(environment, ...args);
  return { code: await started.ended, said: started.said() };
}

/** A worker and a scorer of the environment's kind, and a client; all end with `work`. */
async function withWorkers(environment: NodeJS.ProcessEnv, work: (client: Client) => Promise<void>): Promise<void> {
  const worker = reft(environment, 'worker');
  const access = required(temporalFromEnvironment(environment), 'the address of Temporal');
  const [plain, connection] = await Promise.all([
    NativeConnection.connect({ address: temporal.access.address }),
    Connection.connect(connectionOptions(access)),
  ]);
  const dataConverter = dataConverterFrom(environment);
  const scorer = await Worker.create({
    connection: plain,
    taskQueue: queueOf(environment),
    activities: {
      judge: async ({ responses }: { readonly responses: readonly unknown[] }) => ({
        scores: responses.map((_, index) => ({ reward: index % 2, correct: index % 2 === 1 })),
      }),
    },
    dataConverter,
  });
  const scoring = scorer.run();
  try {
    await expect.poll(() => worker.said(), { timeout: 60_000 }).toContain('Ctrl-C stops it');
    await work(new Client({ connection, dataConverter }));
  } finally {
    worker.child.kill('SIGTERM');
    scorer.shutdown();
    await Promise.all([worker.ended, scoring]);
    await Promise.all([plain.close(), connection.close()]);
  }
}

const queueOf = ({ REFT_CODEC_KEY }: NodeJS.ProcessEnv): string => (REFT_CODEC_KEY ? 'sealed' : 'open');

function specOf(environment: NodeJS.ProcessEnv, more: object = {}) {
  const fields = { question: 'ask', answer: 'explained', value: 'number' };
  const files = { train: `${folderName}/train.jsonl`, test: `${folderName}/test.jsonl` };
  return {
    preset: 'units',
    data: { source: { ...files, fields }, cot: 'natural', validation: 4 },
    reward: { name: 'activity', type: 'judge', taskQueue: queueOf(environment) },
    ...more,
  };
}

/** As `reft run` starts it. */
const start = (client: Client, workflowId: string, input: ReturnType<typeof specOf>) =>
  client.workflow.start('reft', {
    workflowId,
    taskQueue: generalQueue,
    args: [input],
    memo: { specification: JSON.stringify(input) },
    staticSummary: folderName,
    staticDetails: folderName,
  });

/** Contents of all files in a folder, one after the other. */
async function contentsOf(folder: string): Promise<Buffer> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))));
}

const inTemporal = () => contentsOf(join(directory, 'temporal'));
const inStorage = () => contentsOf(join(s3.directory, 'server'));

/** Histories as a client without keys gets them. */
async function histories(ids: readonly string[]): Promise<Buffer> {
  const connection = await Connection.connect({ address: temporal.access.address });
  try {
    const client = new Client({ connection });
    const found = await Promise.all(ids.map((id) => client.workflow.getHandle(id).fetchHistory()));
    return Buffer.concat(found.map((history) => proto.temporal.api.history.v1.History.encode(history).finish()));
  } finally {
    await connection.close();
  }
}

/** Secrets, by name, that stand somewhere in the bytes. */
function secretsIn(bytes: Buffer): readonly string[] {
  const key = Buffer.from(secrets.codecKey, 'base64');
  const isThere = (secret: string | Buffer): boolean => bytes.includes(secret);
  return [
    ...Object.entries(secrets).flatMap(([name, secret]) => (isThere(secret) ? [name] : [])),
    ...(isThere(key) || isThere(key.toString('hex')) ? ['codecKey as bytes'] : []),
  ];
}

it('servers that do not let us in are told of with the variables to look at, before any work', async () => {
  const { TEMPORAL_TLS_SERVER_CA_CERT_PATH: _, ...withoutAuthority } = sealed;
  const stranger = { ...sealed, TEMPORAL_API_KEY: 'another' };
  const answers = [sealed, open, stranger, withoutAuthority, { ...sealed, TEMPORAL_ADDRESS: mutual.address }].map(
    (environment) => isTemporalHealthy(required(temporalFromEnvironment(environment), 'the address of Temporal')),
  );
  expect(await Promise.all(answers)).toEqual([true, true, false, false, false]);
  expect(await outcomeOf(stranger, 'up')).toEqual({
    code: 1,
    said: expect.stringMatching(
      /^reft: No Temporal with a namespace default answers at TEMPORAL_ADDRESS=.*TEMPORAL_API_KEY and TEMPORAL_TLS_\*/m,
    ),
  });
  const { code, said } = await outcomeOf({ ...sealed, REFT_CODEC_KEY: 'c2hvcnQ=' }, 'status', 'any');
  expect([code, said]).toEqual([2, expect.stringMatching(/^reft: REFT_CODEC_KEY holds something else as key 1 of 1/)]);
});

it('a run, a failed one and a cancelled one leave no secret, and the question in S3 alone', async () => {
  let metrics = '';
  await withWorkers(sealed, async (client) => {
    const whole = await start(client, 'whole', specOf(sealed));
    const failing = await start(client, 'failing', specOf(sealed, { model: { from: 'hf:nobody/nothing' } }));
    await expect(failing.result()).rejects.toThrow();
    expect(await whole.result()).toMatchObject({ published: expect.anything() });
    const warmUp = { epochs: 500, batchSize: 8, optimiser: { learningRate: 4e-3 } };
    const handle = await start(client, 'cancelled', specOf(sealed, { warmUp }));
    await expect
      .poll(async () => (await handle.query<Progress>('progress')).phases.at(-1)?.phase ?? '', { timeout: 60_000 })
      .toMatch(/warm/i);
    await handle.executeUpdate('setHyperparameters', { args: [{ learningRate: 1e-3 }] });
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    metrics = await (await fetch(`http://${sealed.REFT_METRICS_ADDRESS}/metrics`)).text();
  });
  // What the commands make of encrypted histories.
  expect(await outcomeOf(sealed, 'status', 'failing')).toEqual({
    code: 0,
    said: expect.stringMatching(/^failing: failed\n.*404.*nobody\/nothing/s),
  });
  expect(await outcomeOf(sealed, 'reset', 'whole', '--round', '0')).toMatchObject({ code: 0 });

  expect([...closed.refused]).toEqual([]);
  expect(tokensSeen).toEqual(new Set([`Bearer ${secrets.hubToken}`]));
  const [database, storage] = await Promise.all([inTemporal(), inStorage()]);
  const left = { database, storage, histories: await histories(['whole', 'failing', 'cancelled']) };
  const places = { ...left, logs: Buffer.from(logs), metrics: Buffer.from(metrics) };
  expect(metrics).toContain('reft_');
  expect(storage.includes('<!doctype html>') || storage.includes('<!DOCTYPE html>')).toBe(true);
  const found = (text: string) =>
    Object.entries(places).flatMap(([place, bytes]) => (bytes.includes(text) ? [place] : []));
  expect(Object.entries(places).map(([place, bytes]) => [place, secretsIn(bytes)])).toEqual(
    Object.keys(places).map((place) => [place, []]),
  );
  expect(found(question)).toEqual(['storage']);
  expect(found(folderName).filter((place) => place !== 'storage')).toEqual([]);
  expect(found('nobody/nothing').filter((place) => place !== 'storage' && place !== 'logs')).toEqual([]);
}, 600_000);

it('a codec server shows the command line of Temporal what is encrypted', async () => {
  const port = String(await getPort());
  const server = reft(sealed, 'codec-server', '--port', port, '--ui-origin', 'https://ui.example');
  try {
    await expect.poll(() => server.said(), { timeout: 60_000 }).toContain('for pages of https://ui.example. Ctrl-C');
    const show = ['workflow', 'show', '--workflow-id', 'whole', '--output', 'json'];
    const options = { maxBuffer: 1e9 };
    const shown = async (...more: string[]) =>
      (
        await promisify(execFile)(
          await findTemporal(),
          [...show, '--address', temporal.access.address, ...more],
          options,
        )
      ).stdout;
    const [raw, decoded] = await Promise.all([shown(), shown('--codec-endpoint', `http://127.0.0.1:${port}`)]);
    const inBase64 = /cGxhbnRlZC1mb2xkZX|BsYW50ZWQtZm9sZGVy|wbGFudGVkLWZvbGRlc/;
    expect([inBase64.test(raw), inBase64.test(decoded)]).toEqual([false, true]);
  } finally {
    server.child.kill('SIGTERM');
    await server.ended;
  }
});

it('the policy lets the run’s keys do nothing else', async () => {
  const user = clientAs(secrets.accessKey, secrets.secretKey);
  const root = clientAs('test-access-key', 'test-secret-key');
  await root.send(new PutObjectCommand({ Bucket: 'reft', Key: 'others/object', Body: 'x' }));
  const refused = expect.objectContaining({ name: 'AccessDenied' });
  await expect(user.send(new GetObjectCommand({ Bucket: 'reft', Key: 'others/object' }))).rejects.toEqual(refused);
  await expect(user.send(new PutObjectCommand({ Bucket: 'reft', Key: 'a', Body: 'x' }))).rejects.toEqual(refused);
  const own = { Bucket: 'reft', Key: 'team/reft/runs/whole/result.json' };
  expect((await user.send(new GetObjectCommand(own))).ContentLength).toBeGreaterThan(0);
});

it('without the key of a run under way no worker starts, and what is encrypted is told of', async () => {
  const { REFT_CODEC_KEY: _, ...without } = sealed;
  const connection = await Connection.connect({ address: temporal.access.address });
  const { workflow } = new Client({ connection });
  // The run that was reset is under way; the visibility store takes a moment to know it.
  const query = "ExecutionStatus = 'Running' AND WorkflowId = 'whole'";
  await expect.poll(async () => (await workflow.count(query)).count, { timeout: 60_000 }).toBe(1);
  const { code, said } = await outcomeOf(without, 'worker');
  expect([code, said]).toEqual([
    1,
    expect.stringMatching(
      /^reft: run "whole" is under way, and .* encrypted with the key "canary", .*set REFT_CODEC_KEY/m,
    ),
  ]);
  expect((await outcomeOf(without, 'status', 'failing')).said).toMatch(
    /encrypted with the key "canary".*set REFT_CODEC_KEY/,
  );
  await workflow.getHandle('whole').terminate();
  await expect.poll(async () => (await workflow.count(query)).count, { timeout: 60_000 }).toBe(0);
  await connection.close();
});

it('by mTLS and without a key the run is the same, and the question stands in Temporal', async () => {
  expect((await inTemporal()).includes(question)).toBe(false);
  await withWorkers(open, async (client) => {
    const handle = await start(client, 'plain', specOf(open));
    expect(await handle.result()).toMatchObject({ published: expect.anything() });
  });
  const database = await inTemporal();
  const history = await histories(['plain']);
  expect([database.includes(question), database.includes(folderName), history.includes(folderName)]).toEqual([
    true,
    true,
    true,
  ]);
  expect(secretsIn(database)).toEqual([]);
}, 600_000);
