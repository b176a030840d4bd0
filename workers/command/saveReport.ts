/** A run's report as a file on this machine, to be opened from disk. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { partialPrefix, runPrefix } from '../../activities/store/runKeys.js';
import type { Store } from '../../activities/store/types.js';
import { dataDirectory } from '../settings.js';
import { UsageError } from './usageError.js';

/** Copies the report to `.data/runs/<id>/report.html`, and returns that path. Of a cancelled run it is the partial one. */
export async function saveReport(store: Store, runId: string): Promise<string> {
  const report = await leftReport(store, runId);
  if (report === null) throw new UsageError(`Run "${runId}" has no report: it has not finished, or never was`);
  const directory = join(dataDirectory, runPrefix(runId));
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'report.html');
  await writeFile(path, report);
  return path;
}

/** What has been published of a run that has ended; null where it left none. */
export async function leftReport(store: Store, runId: string): Promise<Uint8Array | null> {
  return (
    (await store.read(`${runPrefix(runId)}/report.html`)) ?? (await store.read(`${partialPrefix(runId)}/report.html`))
  );
}
