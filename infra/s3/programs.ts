/** The S3 servers this project can run, and how each is started. Objects lie in a folder named after the program. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loopback } from '../process/ports.js';
import type { S3Credentials } from './credentials.js';

export type S3ProgramName = 'versitygw' | 'seaweedfs';

export interface S3Start {
  readonly objects: string;
  readonly credentials: S3Credentials;
  readonly region: string;
}

export interface S3Program {
  /** Ports to choose; `s3` is the one clients use. 0: any. */
  readonly customaryPorts: Readonly<Record<string, number>>;
  /** Arguments and environment. Secrets never go into the arguments, which every user of the machine can read. */
  commandFor(
    ports: Readonly<Record<string, number>>,
    start: S3Start,
  ): Promise<{ readonly args: readonly string[]; readonly environment: Readonly<Record<string, string>> }>;
}

const s3Port = 7070;

const versitygw: S3Program = {
  customaryPorts: { s3: s3Port },
  async commandFor(ports, { objects, credentials, region }) {
    return {
      args: ['--port', `${loopback}:${ports.s3}`, '--region', region, '--quiet', 'posix', objects],
      environment: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    };
  },
};

/** Master, volume and filer in one process, each with an HTTP and a gRPC port. */
const seaweedfs: S3Program = {
  customaryPorts: {
    s3: s3Port,
    ...{ s3Grpc: 0, master: 0, masterGrpc: 0, volume: 0, volumeGrpc: 0, filer: 0, filerGrpc: 0 },
  },
  async commandFor(ports, { objects, credentials }) {
    const identities = join(objects, 'identities.json');
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
    const actions = ['Admin', 'Read', 'Write', 'List', 'Tagging'];
    const identity = { name: 'reft', credentials: [{ accessKey, secretKey }], actions };
    await writeFile(identities, JSON.stringify({ identities: [identity] }), { mode: 0o600 });
    const roles = ['master', 'volume', 'filer', 's3'].flatMap((role) => [
      `-${role}.port=${ports[role]}`,
      `-${role}.port.grpc=${ports[`${role}Grpc`]}`,
    ]);
    return {
      args: [
        ...['server', `-ip=${loopback}`, `-ip.bind=${loopback}`, `-dir=${objects}`, '-filer', '-s3', ...roles],
        ...[`-s3.config=${identities}`, '-s3.port.iceberg=0', '-s3.port.lance=0', '-volume.max=0'],
        ...['-volume.preStopSeconds=0', '-master.volumeSizeLimitMB=1024'],
      ],
      environment: {},
    };
  },
};

export const s3Programs: Readonly<Record<S3ProgramName, S3Program>> = { versitygw, seaweedfs };
