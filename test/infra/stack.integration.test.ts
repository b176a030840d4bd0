/** The stack on its real servers: made ready, kept over restarts, shared between processes, ended with its last user. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, HeadBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { required } from '../../activities/invariant.js';
import { stackEnvironment, stackFromEnvironment } from '../../infra/environment.js';
import { endProcess, isAlive } from '../../infra/process/processes.js';
import { readRecord } from '../../infra/process/record.js';
import type { S3Access } from '../../infra/s3/access.js';
import { attachStack, endStack, type Stack, type StackAccess, startStack } from '../../infra/stack.js';
import { connectionOptions, type TemporalAccess } from '../../infra/temporal/access.js';
import { binDirectory } from '../support/stack.js';

let dataDirectory: string;
const start = (): Promise<Stack> => startStack({ dataDirectory, binDirectory, environment: {} });
/** What runs in the data directory, for one who only looks. */
async function running(): Promise<StackAccess | null> {
  const found = await attachStack({ dataDirectory, environment: {} });
  await found?.stop();
  return found && { temporal: found.temporal, s3: found.s3 };
}

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'reft-infra-'));
}, 10_000);
afterAll(() => rm(dataDirectory, { recursive: true, force: true }));

describe('a stack', () => {
  test('is ready: namespace, retention, search attributes, bucket; and its state survives a restart', async () => {
    const first = await start();
    try {
      await withTemporal(first.temporal, async (client) => {
        const { config } = await client.workflowService.describeNamespace({ namespace: 'default' });
        expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(90 * 24 * 3600);
        const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
          namespace: 'default',
        });
        expect(Object.keys(customAttributes ?? {})).toEqual(
          expect.arrayContaining(['ReftPhase', 'ReftRound', 'ReftAccuracy']),
        );
        await client.workflow.start('anything', { workflowId: 'kept', taskQueue: 'nobody' });
      });
      await withS3(first.s3, async (s3) => {
        await s3.send(new HeadBucketCommand({ Bucket: 'reft' }));
        await s3.send(new PutObjectCommand({ Bucket: 'reft', Key: 'kept', Body: 'still here' }));
      });
      expect((await fetch(first.temporal.uiUrl ?? '')).status).toBe(200);
      expect(((await stat(join(dataDirectory, 's3', 'credentials.json'))).mode & 0o777).toString(8)).toBe('600');
    } finally {
      await first.stop();
    }
    expect(await running()).toBeNull();

    const second = await start();
    try {
      expect(second.temporal).toEqual(first.temporal);
      expect(second.s3).toEqual(first.s3);
      await withTemporal(second.temporal, async (client) => {
        expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
      });
      await withS3(second.s3, async (s3) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'reft', Key: 'kept' }));
        expect(await Body?.transformToString()).toBe('still here');
      });
    } finally {
      await second.stop();
    }
  });

  test('belongs to its users: whoever leaves first, it ends with the last, and says so to who comes and goes', async () => {
    const first = await start();
    expect(first.isAttached).toBe(false);
    expect(await first.hasOtherUsers()).toBe(false);
    const second = await start();
    expect(second.isAttached).toBe(true);
    expect(await first.hasOtherUsers()).toBe(true);
    expect({ temporal: second.temporal, s3: second.s3 }).toEqual({ temporal: first.temporal, s3: first.s3 });
    await first.stop();
    expect(await running()).toEqual({ temporal: first.temporal, s3: first.s3 });
    await second.stop();
    expect(await running()).toBeNull();
    for (const { pid } of await recordsOf(dataDirectory)) expect(isAlive(pid)).toBe(false);
  });

  test('ends when it is told to: its users hear of it, and leave first', async () => {
    const user = await start();
    const left = new Promise<void>((resolve) => {
      user.closing.addEventListener('abort', () => void user.stop().then(resolve));
    });
    expect(await endStack(dataDirectory, () => undefined)).toBe(true);
    await left;
    for (const { pid } of await recordsOf(dataDirectory)) expect(isAlive(pid)).toBe(false);
    expect(await endStack(dataDirectory, () => undefined)).toBe(false);
  });

  test('ends with an only user killed by kill -9, and the next start finds the state free', async () => {
    const owner = startOwner();
    await owner.ready;
    const records = await recordsOf(dataDirectory);
    await killed(owner.process);
    const next = await start();
    try {
      for (const { pid } of records) expect(isAlive(pid)).toBe(false);
      expect((await recordsOf(dataDirectory)).map(({ ports }) => ports)).toEqual(records.map(({ ports }) => ports));
      await withTemporal(next.temporal, async (client) => {
        expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
      });
    } finally {
      await next.stop();
    }
  });

  test('without a next start, servers end by themselves when their user or their keeper is killed', async () => {
    const owner = startOwner();
    await owner.ready;
    const records = await recordsOf(dataDirectory);
    await killed(owner.process);
    await expect.poll(() => records.some(({ pid }) => isAlive(pid)), { timeout: 15_000 }).toBe(false);

    const stack = await start();
    const [{ owner: keeper } = { owner: null }] = await recordsOf(dataDirectory);
    process.kill(required(keeper, 'the process of the keeper'), 'SIGKILL');
    await expect.poll(() => stack.closing.aborted, { timeout: 15_000 }).toBe(true);
    const later = await recordsOf(dataDirectory);
    await expect.poll(() => later.some(({ pid }) => isAlive(pid)), { timeout: 15_000 }).toBe(false);
    await stack.stop();
  });

  test('brings back a server that was killed, at the same address', async () => {
    const stack = await start();
    try {
      const records = await recordsOf(dataDirectory);
      for (const { pid } of records) process.kill(pid, 'SIGKILL');
      const revived = async () => {
        const now = await recordsOf(dataDirectory);
        return now.every(({ pid }, index) => pid !== records[index]?.pid) && (await running());
      };
      await expect.poll(revived, { timeout: 20_000 }).toEqual({ temporal: stack.temporal, s3: stack.s3 });
    } finally {
      await stack.stop();
    }
    for (const { pid } of await recordsOf(dataDirectory)) expect(isAlive(pid)).toBe(false);
  });

  test('takes another port where its own is taken', async () => {
    // A port that no other test's server would take: its customary one is free only as long as they let it be.
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as AddressInfo;
    const [, s3] = await recordsOf(dataDirectory);
    await writeFile(join(dataDirectory, 's3', 'server.json'), JSON.stringify({ ...s3, ports: { s3: port } }));
    try {
      const stack = await start();
      await stack.stop();
      expect(stack.s3.endpoint).not.toBe(`http://127.0.0.1:${port}`);
    } finally {
      squatter.close();
    }
  });

  test('is not misled by a record of pids that are now other processes, or by a broken one', async () => {
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const pid = bystander.pid ?? 0;
    const record = { owner: pid, pid, source: 'an earlier boot', ports: { frontend: 1, ui: 2 } };
    await writeFile(join(dataDirectory, 'temporal', 'server.json'), JSON.stringify(record));
    await writeFile(join(dataDirectory, 's3', 'server.json'), '{"owner":');
    const stack = await start();
    await stack.stop();
    expect(isAlive(pid)).toBe(true);
    await endProcess(pid);
  });

  test('given by the environment is used as it is and left running', async () => {
    const owner = await start();
    const elsewhere = await mkdtemp(join(tmpdir(), 'reft-infra-'));
    try {
      const environment = stackEnvironment(owner);
      expect(stackFromEnvironment(environment)?.temporal.address).toBe(owner.temporal.address);
      const s3 = { ...environment, S3_BUCKET: 'another' };
      const given = await withVariables(s3, () => startStack({ dataDirectory: elsewhere, binDirectory }));
      expect(given.temporal.address).toBe(owner.temporal.address);
      await withS3({ ...owner.s3, bucket: 'another' }, (client) =>
        client.send(new HeadBucketCommand({ Bucket: 'another' })),
      );
      await given.stop();
      expect(await running()).not.toBeNull();
    } finally {
      await owner.stop();
      await rm(elsewhere, { recursive: true, force: true });
    }
  });
});

/** Records of Temporal and S3, in this order. */
async function recordsOf(directory: string) {
  const records = await Promise.all([readRecord(join(directory, 'temporal')), readRecord(join(directory, 's3'))]);
  return records.filter((record) => record !== null);
}

/** A process of its own that starts the stack and stays. */
function startOwner(): { readonly process: ChildProcess; readonly ready: Promise<void> } {
  const script = fileURLToPath(new URL('./owner.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDirectory, binDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', () => resolve());
    child.once('exit', (code) => reject(new Error(`the owner exited with ${code}`)));
  });
  return { process: child, ready };
}

function killed(child: ChildProcess): Promise<unknown> {
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  return exit;
}

async function withVariables<Result>(variables: Record<string, string>, work: () => Promise<Result>): Promise<Result> {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return await work();
  } finally {
    process.env = before;
  }
}

async function withTemporal(access: TemporalAccess, use: (client: Client) => Promise<void>): Promise<void> {
  const connection = await Connection.connect(connectionOptions(access));
  try {
    await use(new Client({ connection, namespace: access.namespace }));
  } finally {
    await connection.close();
  }
}

async function withS3(access: S3Access, use: (client: S3Client) => Promise<unknown>): Promise<void> {
  const { endpoint, region, credentials } = access;
  const client = new S3Client({ endpoint, region, forcePathStyle: true, ...(credentials ? { credentials } : {}) });
  try {
    await use(client);
  } finally {
    client.destroy();
  }
}
