/** Follows a run to its end: its progress, its baseline's, and what an activity that keeps failing says. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { queryProgress } from './access.js';
import type { ProgressDisplay } from './progressDisplay.js';
import type { Standby } from './standby.js';
import { codeTrouble, stepTroublesOf, underWayOf } from './troubles.js';

const intervalMs = 1_000;

/**
 * Resolves with the result, or with undefined once `signal` aborts.
 * @throws WorkflowFailedError when the run fails
 */
export async function watchRun<Result>(
  client: Client,
  handle: WorkflowHandle,
  standby: Pick<Standby, 'serveIfNobodyDoes'>,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<Result | undefined> {
  const told = new Set<string>();
  const tell = (text: string, key = text): void => {
    if (!told.has(key)) display.note(text);
    told.add(key);
  };
  let baseline: Progress | undefined;
  for (;;) {
    if (await standby.serveIfNobodyDoes())
      display.note('The workers are gone: this process serves the run from here on.');
    const description = await handle.describe();
    const { status } = description;
    const progress = await queryProgress(client, handle.workflowId);
    if (progress?.baselineWorkflowId && (baseline === undefined || baseline.round < baseline.rounds))
      baseline = (await queryProgress(client, progress.baselineWorkflowId)) ?? baseline;
    if (progress) display.show(progress, baseline, await underWayOf(client, description));
    if (progress?.memory) tell(progress.memory);
    for (const sentence of progress?.notObeyed ?? []) tell(`Warning, ${sentence}`);
    // Of a comparison: each row as often as it changes.
    if (progress?.table) for (const row of progress.table) tell(row.replaceAll('**', ''));
    // Again when there have been twice as many failures: endless attempts are seen, and fill no screen.
    for (const { key, failures, text } of await stepTroublesOf(client, description))
      tell(text, `${key} ${Math.floor(Math.log2(failures + 1))}`);
    const ofCode = await codeTrouble(client, description);
    if (ofCode) tell(ofCode);
    if (status.name !== 'RUNNING') return handle.result();
    if (signal.aborted) return undefined;
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
