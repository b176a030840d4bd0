/** The team's worker. The plugin serves ReFT's task queues beside it, with storage and devices as the environment names them. */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { reftPlugin } from 'reft/worker';
import * as activities from './activities.js';

const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS ?? 'localhost:7233' });
try {
  const worker = await Worker.create({
    connection,
    taskQueue: 'team',
    workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
    activities,
    plugins: [reftPlugin()],
  });
  await worker.run();
} finally {
  await connection.close();
}
