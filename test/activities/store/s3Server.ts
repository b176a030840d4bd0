/**
 * S3 for the store's tests. `startS3` is whichever server the stack gives a machine; `startServerInHand` is a versitygw whose
 * process a test can kill and whose disk it can damage.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import getPort from 'get-port';
import { findOnPath } from '../../../infra/obtain/commands.js';
import { buildVersitygw } from '../../../infra/obtain/fromGo.js';
import { joinKeeper } from '../../../infra/process/keeper.js';
import { prepareBucket, type S3Access } from '../../../infra/s3/access.js';
import { startS3 as startLocalS3 } from '../../../infra/s3/local.js';
import { binDirectory } from '../../support/stack.js';

const bucket = 'reft';

export interface S3Server {
  readonly access: S3Access;
  /** A scratch folder, removed by `close`. */
  readonly directory: string;
  close(): Promise<void>;
}

export interface ServerInHand extends S3Server {
  /** Where the server keeps an object's bytes. */
  objectPath(key: string): string;
  /** kill -9. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Starts a server with an empty bucket. */
export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), 'reft-s3-'));
  const log = () => undefined;
  const data = join(directory, 'data');
  const keeper = await joinKeeper(data, log);
  const { access } = await startLocalS3(data, binDirectory, { bucket }, { keeper, log });
  await prepareBucket(access);
  return {
    access,
    directory,
    close: async () => {
      await keeper.leave();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** versitygw from PATH, or built; null where there is no Go either. */
export async function findVersitygw(): Promise<string | null> {
  return (await findOnPath('versitygw')) ?? (await buildVersitygw(binDirectory, () => undefined).catch(() => null));
}

/** @param options further ones of the command line, such as `--virtual-domain`. */
export async function startServerInHand(executable: string, ...options: readonly string[]): Promise<ServerInHand> {
  const directory = await mkdtemp(join(tmpdir(), 'reft-s3-'));
  const port = await getPort();
  const root = join(directory, 'server');
  await mkdir(root);
  const credentials = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-key' };
  const endpoint = `http://127.0.0.1:${port}`;
  const access: S3Access = { endpoint, region: 'us-east-1', bucket, credentials, isLocal: true };
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    child = spawn(executable, ['--port', `127.0.0.1:${port}`, ...options, 'posix', root], {
      env: { ...process.env, ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
      stdio: 'ignore',
    });
    for (let waited = 0; !(await accepts(port)); waited += 50) {
      if (waited > 20_000 || child.exitCode !== null) throw new Error(`${executable} does not answer on port ${port}`);
      await sleep(50);
    }
  }

  async function kill(): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  await start();
  await prepareBucket(access);
  return {
    access,
    directory,
    objectPath: (key) => join(root, bucket, key),
    kill,
    start,
    close: async () => {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A client of the test's own, to see and change what the store did. */
export function clientOf({ endpoint, region, credentials }: S3Access): S3Client {
  return new S3Client({ endpoint, region, forcePathStyle: true, ...(credentials ? { credentials } : {}) });
}

/** Puts other bytes under a key, as damage or a stranger would. */
export async function replaceObject(access: S3Access, key: string, bytes: Uint8Array): Promise<void> {
  await clientOf(access).send(new PutObjectCommand({ Bucket: access.bucket, Key: key, Body: bytes }));
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
