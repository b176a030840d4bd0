/** The metrics of a run's epochs and rounds, those that are there and those to come, each once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { readForeignJson } from '../../activities/foreignJson.js';
import { readCurve } from '../../activities/recordCurve.js';
import { type PublishedResult, publishedResultSchema } from '../../activities/report/publishedResult.js';
import type { CurvePoint } from '../../activities/report/types.js';
import { runPrefix } from '../../activities/store/runKeys.js';
import type { Store } from '../../activities/store/types.js';
import { curveQuery } from '../../workflows/monitoring/progress.js';
import { describeRun, queryProgress } from '../command/access.js';
import { UsageError } from '../command/usageError.js';

const intervalMs = 2_000;
const mostResultBytes = 64 * 2 ** 20;

/**
 * Those of the baseline beside the run are among them.
 * @param follow whether those to come are waited for, until the run ends or the signal aborts
 * @throws UsageError when nobody can tell them: no worker answers, and the run has left no result
 */
export async function* pointsOf(
  client: Client,
  store: Store,
  id: string,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<readonly CurvePoint[]> {
  const seen = new Set<string>();
  const unseen = (points: readonly CurvePoint[]): readonly CurvePoint[] =>
    points.filter(({ phase, step }) => {
      const key = `${phase} ${step}`;
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew;
    });
  for (;;) {
    const { status } = await describeRun(client, id);
    const isOpen = status.name === 'RUNNING';
    const published = isOpen ? undefined : await publishedRun(store, id);
    const told = published?.curve ?? (await askedCurve(client, store, id));
    if (told === undefined && !(isOpen && follow))
      throw new UsageError(`Nobody tells the metrics of "${id}": "npx reft up" or "npx reft worker" starts a worker`);
    const points = unseen(told ?? []);
    if (points.length > 0) yield points;
    if (!isOpen || !follow || signal.aborted) return;
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** What a finished run left. */
export async function publishedRun(store: Store, id: string): Promise<PublishedResult | undefined> {
  const bytes = await store.read(`${runPrefix(id)}/result.json`);
  const read = bytes ? readForeignJson(bytes, mostResultBytes) : undefined;
  return publishedResultSchema.safeParse(read && 'value' in read ? read.value : undefined).data;
}

/** What a run's workflow and its baseline's tell; undefined where no worker answers. */
export async function askedCurve(client: Client, store: Store, id: string): Promise<readonly CurvePoint[] | undefined> {
  const progress = await queryProgress(client, id);
  if (progress === undefined) return undefined;
  const { recorded, points } = await client.workflow.getHandle(id).query(curveQuery);
  const own = [...(await readCurve(store, recorded)), ...points];
  const beside = progress.baselineWorkflowId;
  // It begins a moment after the run has told of it.
  const others = beside ? await askedCurve(client, store, beside).catch(() => undefined) : undefined;
  return [...own, ...(others ?? [])];
}
