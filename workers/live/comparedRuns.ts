/** What is known of several runs, finished or not, for a page that shows them side by side. */
import type { Client } from '@temporalio/client';
import type { RunMetrics } from '../../activities/evaluation/types.js';
import type { CurvePoint } from '../../activities/report/types.js';
import { resolveSpec } from '../../workflows/config/resolve.js';
import type { Spec } from '../../workflows/config/spec.js';
import { describeRun } from '../command/access.js';
import { inputOf } from '../command/inputOf.js';
import { runKind } from '../command/kinds.js';
import { UsageError } from '../command/usageError.js';
import { askedCurve, publishedRun } from '../metrics/points.js';
import { askReport, type LiveSources } from './liveRun.js';

export interface ComparedRun {
  readonly id: string;
  readonly state: string;
  readonly startedAt: Date;
  /** With every default. */
  readonly spec: Spec;
  readonly curve: readonly CurvePoint[];
  /** Of the models that have been measured on the test questions: none before the evaluation. */
  readonly metrics: Partial<RunMetrics>;
}

/** @throws UsageError where there is no such run, or it is another workflow */
export async function readComparedRun({ client, store }: Pick<LiveSources, 'client' | 'store'>, id: string) {
  const description = await describeRun(client, id);
  if (description.type !== runKind.type)
    throw new UsageError(`"${id}" is a ${description.type}: side by side are shown runs`);
  const published = description.status.name === 'RUNNING' ? undefined : await publishedRun(store, id);
  return {
    id,
    state: description.status.name.toLowerCase(),
    startedAt: description.startTime,
    spec: resolveSpec(await inputOf(client, description)),
    curve: published?.curve ?? (await askedOf(client, store, id)),
    metrics: published?.metrics ?? (await askReport(client, id))?.metrics ?? {},
  } satisfies ComparedRun;
}

/** None where no worker answers. */
async function askedOf(client: Client, store: LiveSources['store'], id: string): Promise<readonly CurvePoint[]> {
  return (await askedCurve(client, store, id).catch(() => undefined)) ?? [];
}
