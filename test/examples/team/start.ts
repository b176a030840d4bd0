/** Starts the team's workflow, which starts a run; then a run alone, whose progress is asked for. */
import { Client, Connection } from '@temporalio/client';
import { progress, type ReftSpec, result, startReft } from 'reft/client';
import type { trainAndAnnounce } from './workflows.js';

const spec: ReftSpec = { preset: 'smoke', sft: null, ppo: { epochs: 1 } };

const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? 'localhost:7233' });
const client = new Client({ connection });
try {
  const announced = await client.workflow.execute<typeof trainAndAnnounce>('trainAndAnnounce', {
    taskQueue: 'team',
    workflowId: 'nightly',
    args: [spec],
  });
  console.log(announced);

  await startReft(client, spec, { workflowId: 'alone' });
  const { phase } = await progress(client, 'alone');
  console.log(`under way: ${phase}`);
  const { accuracy, checkpoint } = await result(client, 'alone');
  console.log(`finished: ${accuracy.top1} % right, checkpoint ${checkpoint.sha256}`);
} finally {
  await connection.close();
}
