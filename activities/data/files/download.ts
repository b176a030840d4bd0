/** Fetches a file over HTTP to the disk. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { DownloadFailed, InvalidData, InvalidSettings } from '../../errors.js';
import { refusalIn } from '../../network/addresses.js';
import { fetchFromWeb } from '../../network/fetch.js';

export interface DownloadOptions {
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

const mostRedirections = 10;

/** Statuses that may be another next time: time-outs, throttling, faults of the server. */
const passing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500;

/**
 * Writes the file at an address to `path`.
 *
 * @param name what to call the file in messages: its address without what may be secret in it
 * @throws InvalidData when the server refuses it or it is larger than `mostBytes`; DownloadFailed when a retry may succeed.
 */
export async function download(
  address: string,
  name: string,
  path: string,
  { mostBytes, signal }: DownloadOptions,
): Promise<void> {
  const response = await follow(address, name, signal);
  if (!response.ok) {
    const problem = `${name}: the server answers ${response.status} ${response.statusText}`.trimEnd();
    throw passing(response.status) ? new DownloadFailed(problem) : new InvalidData(problem);
  }
  // A server that does not say how much is to come is believed as long as it sends no more than is read.
  const announced = response.headers.get('content-length');
  if (announced !== null && Number(announced) > mostBytes) throw tooLarge(name, mostBytes);
  const { body } = response;
  async function* limited(): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) throw tooLarge(name, mostBytes);
      yield chunk;
    }
  }
  await pipeline(limited, createWriteStream(path)).catch((error: unknown) => failed(name, error, signal));
}

/** The answer at the end of all redirections. From https none may lead elsewhere, not even on the way: it could lead anywhere. */
async function follow(address: string, name: string, signal: AbortSignal): Promise<Response> {
  let place = new URL(address);
  for (let redirections = 0; redirections <= mostRedirections; redirections++) {
    const response = await fetchFromWeb(place, { signal, redirect: 'manual' }).catch((error: unknown) =>
      failed(name, error, signal),
    );
    const location = response.headers.get('location');
    if (location === null || response.status < 300 || response.status > 399) return response;
    await response.body?.cancel();
    if (!URL.canParse(location, place.href)) throw new InvalidData(`${name}: the server leads to no address`);
    const next = new URL(location, place);
    if (place.protocol === 'https:' && next.protocol !== 'https:')
      throw new InvalidData(`${name}: the server leads away from https, to ${next.origin}`);
    place = next;
  }
  throw new InvalidData(`${name}: the server leads from place to place, more than ${mostRedirections} times`);
}

export function tooLarge(name: string, mostBytes: number): InvalidData {
  return new InvalidData(`${name} is larger than ${mostBytes / 2 ** 20} MiB, the most that is read`);
}

function failed(name: string, error: unknown, signal: AbortSignal): never {
  signal.throwIfAborted();
  if (error instanceof InvalidData || error instanceof InvalidSettings) throw error;
  const refusal = refusalIn(error);
  if (refusal) throw new InvalidData(`${name}: ${refusal.message}`, { cause: error });
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  throw new DownloadFailed(`${name} could not be fetched: ${error instanceof Error ? error.message : error}${cause}`, {
    cause: error,
  });
}
