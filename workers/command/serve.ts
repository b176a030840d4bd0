/** `reft up` (servers and worker) and `reft worker` (a worker for running servers): in the foreground until interrupted. */
import { findRunningStack, startStack } from '../../infra/stack.js';
import { aborted, abortOnInterrupt } from '../interruption.js';
import { log } from '../log.js';
import { type QueueName, queueNames } from '../names.js';
import { dataDirectory, engineCount, metricsAddress } from '../settings.js';
import { startWorker } from '../worker.js';
import { requireDevice } from './requireDevice.js';
import { UsageError } from './usageError.js';

export async function up(): Promise<void> {
  metricsAddress();
  engineCount();
  await requireDevice();
  const signal = abortOnInterrupt();
  const stack = await startStack({ dataDirectory, log });
  try {
    for (const line of stack.found) console.log(line);
    if (stack.temporal.uiUrl) console.log(`Temporal UI: ${stack.temporal.uiUrl}`);
    const worker = await startWorker(stack, queueNames);
    console.log('Ready. Ctrl-C stops everything; runs go on at the next start.');
    await Promise.race([aborted(signal), worker.ended]);
    await worker.stop();
  } finally {
    await stack.stop();
  }
}

/** @throws UsageError when no servers are running, or the engine's device is not there */
export async function serve(queue: QueueName | undefined): Promise<void> {
  metricsAddress();
  engineCount();
  if (queue !== 'general') await requireDevice();
  const signal = abortOnInterrupt();
  const stack = await findRunningStack(dataDirectory);
  if (stack === null)
    throw new UsageError('No servers are running: start them with "reft up", or set TEMPORAL_ADDRESS and S3_ENDPOINT');
  const queues = queue === undefined ? queueNames : [queue];
  const worker = await startWorker(stack, queues);
  console.log(`Worker for ${queues.join(' and ')} at ${stack.temporal.address}. Ctrl-C stops it.`);
  await Promise.race([aborted(signal), worker.ended]);
  await worker.stop();
}
