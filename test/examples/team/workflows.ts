/** The workflows of a team's worker: those of ReFT, and one of the team's that has a model trained as a step of its own. */
import { executeChild, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ReftSpec } from 'reft/spec';
import { reft } from 'reft/workflows';
import type * as activities from './activities.js';

export * from 'reft/workflows';

const { announce } = proxyActivities<typeof activities>({ startToCloseTimeout: '1 minute' });

export async function trainAndAnnounce(spec: ReftSpec): Promise<string> {
  const workflowId = `${workflowInfo().workflowId}-model`;
  const { runId, accuracy } = await executeChild(reft, { args: [spec], workflowId });
  return announce({ runId, percent: accuracy.top1 });
}
