/** A finished run whose time tells something of another's: one with its model, computed alike, by its method. */
import type { Client } from '@temporalio/client';
import { readForeignJson } from '../../activities/foreignJson.js';
import { publishedResultSchema } from '../../activities/report/publishedResult.js';
import { runPrefix } from '../../activities/store/runKeys.js';
import type { Store } from '../../activities/store/types.js';
import { differences } from '../../workflows/config/differences.js';
import { resolveSpec } from '../../workflows/config/resolve.js';
import type { Spec } from '../../workflows/config/spec.js';
import type { MeasuredRun } from './estimateSeconds.js';
import { runKind } from './kinds.js';

/** Of so many of the newest. */
const mostLookedAt = 50;
const mostResultBytes = 64 * 2 ** 20;

/** The newest; undefined where there is none. */
export async function findMeasuredRun(client: Client, store: Store, spec: Spec): Promise<MeasuredRun | undefined> {
  let left = mostLookedAt;
  const query = `WorkflowType = '${runKind.type}' AND ExecutionStatus = 'Completed'`;
  for await (const { workflowId, memo } of client.workflow.list({ query })) {
    if (left-- === 0) return undefined;
    const known = specOf(memo?.specification);
    if (known === undefined || differences(tellingPart(known), tellingPart(spec)).length > 0) continue;
    const bytes = await store.read(`${runPrefix(workflowId)}/result.json`);
    const read = bytes ? readForeignJson(bytes, mostResultBytes) : undefined;
    const published = publishedResultSchema.safeParse(read && 'value' in read ? read.value : undefined);
    if (!published.success) continue;
    const { data, work } = published.data;
    const { seconds } = await client.workflow
      .getHandle<() => Promise<{ readonly seconds: number }>>(workflowId)
      .result();
    return { id: workflowId, spec: known, data, work, seconds };
  }
  return undefined;
}

/** What decides how long a question takes. */
function tellingPart({ model, lora, compute, method, reward, generation }: Spec): unknown {
  return { model, lora, compute, method, reward, generation };
}

/** Of one that this version reads. */
function specOf(specification: unknown): Spec | undefined {
  if (typeof specification !== 'string') return undefined;
  try {
    return resolveSpec(JSON.parse(specification));
  } catch {
    return undefined;
  }
}
