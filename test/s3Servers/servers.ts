/** S3 servers of other people, as their registries give them, and how each is started on a free port of the loopback address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import getPort from 'get-port';
import { runToEnd } from '../../infra/obtain/commands.js';
import { buildVersitygw, buildWithGo } from '../../infra/obtain/fromGo.js';
import { obtainFromWheel } from '../../infra/obtain/fromWheel.js';
import { findPython } from '../../infra/obtain/python.js';
import { seaweedfsWheel } from '../../infra/obtain/wheels.js';
import type { S3Access } from '../../infra/s3/access.js';
import { s3Programs } from '../../infra/s3/programs.js';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Credentials other than the server's own, who may do everything. */
export interface Account {
  readonly title: string;
  /**
   * Variables of the AWS tools by which the credentials are found.
   * @param folder for files that the variables name
   */
  variables(endpoint: string, folder: string): Promise<Readonly<Record<string, string>>>;
}

export interface KnownServer {
  readonly name: string;
  readonly version: string;
  readonly language: string;
  readonly from: string;
  /**
   * Obtains the program and says how it is started.
   * @param bin where programs are kept
   * @param data an empty folder for its objects
   */
  command(bin: string, port: number, data: string): Promise<Command>;
  readonly account?: Account;
}

const credentials = { accessKeyId: 'reft-check', secretAccessKey: 'reft-check-secret' } as const;

const log = (_: unknown, message: string): void => console.error(message);
const region = 'us-east-1';
const bucket = 'reft';

const versitygw: KnownServer = {
  name: 'versitygw',
  version: '1.8.0',
  language: 'Go',
  from: 'Go module',
  async command(bin, port, objects) {
    const start = await s3Programs.versitygw.commandFor({ s3: port }, { objects, credentials, region });
    return { program: await buildVersitygw(bin, log), ...start };
  },
};

export const seaweedfs: KnownServer = {
  name: 'SeaweedFS',
  version: seaweedfsWheel.version,
  language: 'Go',
  from: 'PyPI',
  async command(bin, port, objects) {
    const { customaryPorts, commandFor } = s3Programs.seaweedfs;
    const ports: Record<string, number> = { s3: port };
    for (const role of Object.keys(customaryPorts)) ports[role] ??= await getPort();
    const start = await commandFor(ports, { objects, credentials, region });
    await addIdentity(join(objects, 'identities.json'));
    return { program: await obtainFromWheel(seaweedfsWheel, bin, log), ...start };
  },
  account: {
    title: 'credentials that may get and put only',
    variables: async () => ({ AWS_ACCESS_KEY_ID: limited.accessKey, AWS_SECRET_ACCESS_KEY: limited.secretKey }),
  },
};

const limited = { accessKey: 'limited', secretKey: 'limited-secret' } as const;

/** A second identity, for the objects of the bucket alone. */
async function addIdentity(path: string): Promise<void> {
  const { identities } = JSON.parse(await readFile(path, 'utf8'));
  const identity = { name: 'limited', credentials: [limited], actions: [`Read:${bucket}`, `Write:${bucket}`] };
  await writeFile(path, JSON.stringify({ identities: [...identities, identity] }));
}

const minio: KnownServer = {
  name: 'MinIO',
  version: '2026-02-12',
  language: 'Go',
  from: 'Go module',
  async command(bin, port, data) {
    const version = 'v0.0.0-20260212201848-7aac2a2c5b7c';
    return {
      program: await buildWithGo({ name: 'minio', package: 'github.com/minio/minio', version }, bin, log),
      args: ['server', '--quiet', '--address', `127.0.0.1:${port}`, data],
      environment: { MINIO_ROOT_USER: credentials.accessKeyId, MINIO_ROOT_PASSWORD: credentials.secretAccessKey },
    };
  },
  account: {
    title: 'temporary credentials of an assumed role',
    async variables(endpoint, folder) {
      const file = join(folder, 'config');
      const { accessKeyId, secretAccessKey } = credentials;
      const base = `[profile base]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
      await writeFile(file, `${base}[profile worker]\nrole_arn = ${role}\nsource_profile = base\n`);
      const files = { AWS_CONFIG_FILE: file, AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none') };
      return { ...files, AWS_PROFILE: 'worker', AWS_ENDPOINT_URL_STS: endpoint, AWS_REGION: region };
    },
  },
};

const role = 'arn:aws:iam::000000000000:role/worker';

const moto: KnownServer = {
  name: 'moto',
  version: '5.2.5',
  language: 'Python',
  from: 'PyPI',
  async command(bin, port) {
    const folder = join(bin, `moto-${moto.version}`);
    const program = join(folder, 'bin', 'moto_server');
    if (!existsSync(program)) {
      const python = await findPython();
      if (python === null) throw new Error('no python3 with pip on PATH');
      log('info', `installing moto ${moto.version} with pip, once`);
      await runToEnd(python.path, ['-m', 'venv', folder]);
      await runToEnd(join(folder, 'bin', 'pip'), ['install', '--quiet', `moto[s3,server]==${moto.version}`]);
    }
    return { program, args: ['--host', '127.0.0.1', '--port', String(port)] };
  },
  account: {
    title: 'temporary credentials of a web identity',
    async variables(endpoint, folder) {
      const file = join(folder, 'token');
      await writeFile(file, 'who-i-am');
      const identity = { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role };
      return { ...identity, AWS_ENDPOINT_URL_STS: endpoint, AWS_REGION: region };
    },
  },
};

const s3rver: KnownServer = {
  name: 's3rver',
  version: '3.7.1',
  language: 'JavaScript',
  from: 'npm',
  async command(bin, port, data) {
    const folder = join(bin, `s3rver-${s3rver.version}`);
    const program = join(folder, 'node_modules', '.bin', 's3rver');
    if (!existsSync(program)) {
      log('info', `installing s3rver ${s3rver.version} with npm, once`);
      await runToEnd('npm', ['install', '--silent', '--no-save', '--prefix', folder, `s3rver@${s3rver.version}`]);
    }
    return { program, args: ['--silent', '--address', '127.0.0.1', '--port', String(port), '--directory', data] };
  },
};

/** Needs Java from 11 on, and Maven. */
const s3proxy: KnownServer = {
  name: 'S3Proxy',
  version: '2.9.0',
  language: 'Java',
  from: 'Maven',
  async command(bin, port, data) {
    const jar = join(bin, `s3proxy-${s3proxy.version}-jar-with-dependencies.jar`);
    if (!existsSync(jar)) {
      log('info', `fetching S3Proxy ${s3proxy.version} with Maven, once`);
      const artifact = `-Dartifact=org.gaul:s3proxy:${s3proxy.version}:jar:jar-with-dependencies`;
      await runToEnd('mvn', ['--quiet', 'dependency:get', artifact, '-Dtransitive=false']);
      await runToEnd('mvn', ['--quiet', 'dependency:copy', artifact, `-DoutputDirectory=${bin}`]);
    }
    const settings = join(data, 's3proxy.conf');
    const lines = {
      's3proxy.endpoint': `http://127.0.0.1:${port}`,
      's3proxy.authorization': 'aws-v4',
      's3proxy.identity': credentials.accessKeyId,
      's3proxy.credential': credentials.secretAccessKey,
      'jclouds.provider': 'filesystem-nio2',
      'jclouds.filesystem.basedir': join(data, 'objects'),
    };
    await mkdir(join(data, 'objects'));
    await writeFile(
      settings,
      Object.entries(lines)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    return { program: 'java', args: ['-jar', jar, '--properties', settings] };
  },
};

export const knownServers: readonly KnownServer[] = [versitygw, seaweedfs, minio, moto, s3proxy, s3rver];

export interface RunningServer {
  readonly access: S3Access;
  stop(): Promise<void>;
}

const startMilliseconds = 60_000;

export async function startServer(server: KnownServer, bin: string): Promise<RunningServer> {
  await mkdir(bin, { recursive: true });
  const data = await mkdtemp(join(tmpdir(), 'reft-s3-server-'));
  const port = await getPort();
  const { program, args, environment } = await server.command(bin, port, data);
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await rm(data, { recursive: true, force: true });
  };
  try {
    await answered(child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  // s3rver knows one account, under a name of its own.
  const own = server === s3rver ? { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } : credentials;
  return {
    access: { endpoint: `http://127.0.0.1:${port}`, region, bucket, credentials: own, isLocal: true },
    stop,
  };
}

async function answered(child: ChildProcess, port: number): Promise<void> {
  for (let waited = 0; !(await accepts(port)); waited += 50) {
    if (waited > startMilliseconds || child.exitCode !== null) throw new Error(`it does not answer on port ${port}`);
    await sleep(50);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
