/** `reft up` (servers and worker), `reft worker` (a worker for running servers), in the foreground until interrupted, and `reft down`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { attachStack, endStack, type Stack, startStack } from '../../infra/stack.js';
import { openHealth } from '../health.js';
import { aborted, abortOnInterrupt } from '../interruption.js';
import { createLive } from '../live/serveLive.js';
import { log } from '../log.js';
import { type QueueName, queueNames } from '../names.js';
import { cacheBytes, dataDirectory, engineCount, healthAddress, metricsAddress, tracesEndpoint } from '../settings.js';
import { type RunningWorker, startWorker } from '../worker.js';
import { withClient } from './access.js';
import { collectHourly } from './gc.js';
import { requireDevice } from './requireDevice.js';
import { createStandby } from './standby.js';
import { UsageError } from './usageError.js';

export async function up(): Promise<void> {
  metricsAddress();
  tracesEndpoint();
  engineCount();
  cacheBytes();
  await requireDevice();
  const interrupted = abortOnInterrupt();
  const stack = await startStack({ dataDirectory, log });
  const signal = AbortSignal.any([interrupted, stack.closing]);
  try {
    for (const line of stack.found) console.log(line);
    if (stack.temporal.uiUrl) console.log(`Temporal UI: ${stack.temporal.uiUrl}`);
    await (stack.isAttached ? standBy(stack, signal) : serveAlone(stack, signal));
    if (stack.closing.aborted)
      console.log('The servers are ending, as "reft down" asks; runs go on at the next start.');
  } finally {
    await stack.stop();
  }
}

const whatEnds = 'Ctrl-C ends this, and the servers once nobody uses them; runs go on at the next start.';

function serveAlone(stack: Stack, signal: AbortSignal): Promise<void> {
  return withClient(stack, async (client) => {
    const worker = await startWorker(stack, queueNames);
    // Whoever has servers of their own says when (`reft gc --schedule`).
    if (stack.s3.isLocal) await collectHourly(client);
    const live = createLive(client, stack);
    try {
      console.log(`Live reports: ${await live.serve()}`);
      console.log(`Ready. ${whatEnds}`);
      await Promise.race([aborted(signal), worker.ended]);
    } finally {
      await live.stop();
      await worker.stop();
    }
  });
}

const lookMilliseconds = 2_000;

/** Beside others on this machine one worker is enough; theirs may end before this process does. */
function standBy(stack: Stack, signal: AbortSignal): Promise<void> {
  return withClient(stack, async (client) => {
    const standby = createStandby(client, stack);
    const live = createLive(client, stack);
    try {
      const isFirst = await standby.serveIfNobodyDoes();
      if (stack.s3.isLocal) await collectHourly(client);
      console.log(`Attached to the servers that run in ${dataDirectory}.`);
      console.log(`Live reports: ${await live.serve()}`);
      console.log(`Ready${isFirst ? '' : ', to take over from the worker that serves them'}. ${whatEnds}`);
      while (!signal.aborted) {
        await sleep(lookMilliseconds, undefined, { signal }).catch(() => undefined);
        if (signal.aborted || !(await standby.serveIfNobodyDoes())) continue;
        console.log('The worker is gone: this one serves.');
        console.log(`Live reports: ${await live.serve()}`);
      }
    } finally {
      await live.stop();
      await standby.stop();
    }
  });
}

/** Ends the servers of the state directory, whoever uses them. */
export async function down(): Promise<void> {
  const ended = await endStack(dataDirectory, log);
  console.log(
    ended
      ? `The servers in ${dataDirectory} have ended. Runs under way go on at the next start.`
      : `No servers are running in ${dataDirectory}.`,
  );
}

/**
 * @param buildId which build of the code this is (`workers/VERSIONS.md`); left out, runs are not pinned to builds
 * @throws UsageError when no servers are running, the engine's device is not there, or the build id cannot be one
 */
export async function serve(queue: QueueName | undefined, buildId: string | undefined): Promise<void> {
  checkBuildId(buildId);
  metricsAddress();
  tracesEndpoint();
  const probed = healthAddress();
  engineCount();
  cacheBytes();
  if (queue !== 'general') await requireDevice();
  const interrupted = abortOnInterrupt();
  let worker: RunningWorker | undefined;
  const health = probed && (await openHealth(probed, () => worker?.isServing() === true));
  try {
    const stack = await attachStack({ dataDirectory, log });
    if (stack === null)
      throw new UsageError(
        'No servers are running: start them with "reft up", or set TEMPORAL_ADDRESS and S3_ENDPOINT',
      );
    try {
      const queues = queue === undefined ? queueNames : [queue];
      worker = await startWorker(stack, queues, buildId);
      const build = buildId === undefined ? '' : `, build ${buildId}`;
      console.log(`Worker for ${queues.join(' and ')} at ${stack.temporal.address}${build}. Ctrl-C stops it.`);
      await Promise.race([aborted(AbortSignal.any([interrupted, stack.closing])), worker.ended]);
      await worker.stop();
    } finally {
      await stack.stop();
    }
  } finally {
    await health?.close();
  }
}

/** What Temporal lets an id be, and shells leave as it is. */
const buildIdForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function checkBuildId(buildId: string | undefined): void {
  if (buildId !== undefined && !buildIdForm.test(buildId))
    throw new UsageError(
      `--build-id is "${buildId}": allowed are up to 128 letters, digits, ".", "_" and "-", such as 0.2.0 or a commit`,
    );
}
