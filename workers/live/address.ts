/** Where live reports are served: a file in the state directory, by which every command of this machine knows it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readForeignJson } from '../../activities/foreignJson.js';
import type { StackAccess } from '../../infra/stack.js';
import { dataDirectory } from '../settings.js';

const recordPath = join(dataDirectory, 'live.json');
const recordSchema = z.object({
  address: z.string(),
  token: z.string(),
  /** Of the Temporal whose runs it tells of. */
  temporal: z.string(),
});
const mostRecordBytes = 2 ** 16;

export function rememberAddress(
  stack: StackAccess,
  { address, token }: { readonly address: string; readonly token: string },
): Promise<void> {
  return writeFile(recordPath, JSON.stringify({ address, token, temporal: nameOf(stack) }), { mode: 0o600 });
}

export function forgetAddress(): Promise<void> {
  return rm(recordPath, { force: true });
}

/** The header of the server's answers that holds its token, which tells it from another one at that address. */
export const tokenHeader = 'x-reft-live';

const answerMilliseconds = 1_000;

/** Where the live reports of this stack are served; undefined where they are not. */
export async function liveAddress(stack: StackAccess): Promise<string | undefined> {
  const bytes = await readFile(recordPath).catch(() => undefined);
  const read = bytes && readForeignJson(bytes, mostRecordBytes);
  const record = recordSchema.safeParse(read && 'value' in read ? read.value : undefined).data;
  if (record === undefined || record.temporal !== nameOf(stack)) return undefined;
  const signal = AbortSignal.timeout(answerMilliseconds);
  const answer = await fetch(record.address, { method: 'HEAD', signal }).catch(() => undefined);
  return answer?.headers.get(tokenHeader) === record.token ? record.address : undefined;
}

/** Of one run; undefined where none is served. */
export async function liveReportAddress(stack: StackAccess, id: string): Promise<string | undefined> {
  const address = await liveAddress(stack);
  return address === undefined ? undefined : `${address}${pathOf(id)}`;
}

const nameOf = ({ temporal: { address, namespace } }: StackAccess): string => `${address} ${namespace}`;

/** Of the page with several runs side by side. */
export function comparedPathOf(ids: readonly string[]): string {
  return `/compare?${new URLSearchParams(ids.map((id) => ['run', id]))}`;
}

/** Of a run's page on the server. */
export function pathOf(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}
