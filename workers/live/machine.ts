/** Where a run is worked on: the processes that serve its task queues, and the machine and code of the process that tells of it. */
import { cpus, hostname, release, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { chosenDevice } from '../../activities/engine/ort/devices.js';
import { machine } from '../../activities/engine/ort/machine.js';
import { gibibytes } from '../../activities/gibibytes.js';
import { firstLine } from '../../infra/obtain/commands.js';
import { engineQueue, generalQueue } from '../../workflows/config/taskQueues.js';
import { isInstalled } from '../settings.js';
import { packageVersion } from '../version.js';

/** A fact, by what it is called. */
export type Fact = readonly [name: string, value: string];

/** Of this process, which on one machine is the run's worker as well. */
export async function describeMachine(): Promise<readonly Fact[]> {
  const revision = await gitRevision();
  const [processor] = cpus();
  return [
    ['host', hostname()],
    ['processor', `${machine.cores} cores${processor ? `, ${processor.model.trim()}` : ''}`],
    ['memory', gibibytes(machine.memoryBytes)],
    ['device', deviceName()],
    ['system', `${type()} ${release()}, ${process.arch}`],
    ['Node', process.version],
    ['ReFT', packageVersion],
    ...(revision === null ? [] : [['git revision', revision] as const]),
  ];
}

/** As the variable says it: a wrong one is refused where the worker starts. */
function deviceName(): string {
  try {
    return chosenDevice().name;
  } catch {
    return String(process.env.REFT_DEVICE);
  }
}

/** `7c4d58d0be11`, with `-dirty` behind it where files differ from it; null in an installed package. */
async function gitRevision(): Promise<string | null> {
  if (isInstalled) return null;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  return firstLine('git', ['-C', root, 'describe', '--always', '--dirty', '--abbrev=12', '--exclude=*']);
}

/** gRPC's status for a call that the server does not know. */
const unimplemented = 12;

/** The processes that ask for the run's tasks: `host a, process 12: reft, reft-engine`. None where the server cannot tell. */
export async function describeWorkers(client: Client): Promise<readonly string[]> {
  const queuesOf = new Map<string, Set<string>>();
  try {
    for (const queue of [generalQueue, engineQueue]) {
      const { workers } = await client.workflowService.listWorkers({
        namespace: client.options.namespace,
        query: `TaskQueue = '${queue}' AND WorkerStatus = 'Running'`,
      });
      for (const { hostName, processId } of workers) {
        const name = `host ${hostName}, process ${processId}`;
        queuesOf.set(name, (queuesOf.get(name) ?? new Set()).add(queue));
      }
    }
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === unimplemented) return [];
    throw error;
  }
  return [...queuesOf].map(([name, queues]) => `${name}: ${[...queues].join(', ')}`);
}
