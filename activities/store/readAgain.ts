/**
 * Reads again what came back wrong. One flipped bit on the way, or one "not there" of a server that was catching up, says nothing
 * of the object: only what several reads find alike does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../errors.js';
import type { Log } from '../log.js';
import type { S3 } from './s3/requests.js';

/** What a read that was no good found. */
export interface Fault {
  readonly expected: string;
  readonly got: string;
  /** Nothing was promised to be there. */
  readonly isNoSurprise?: boolean;
}

export type Finding<T> = { readonly value: T } | { readonly fault: Fault };

/** So many reads in a row have to find the same. */
const agreeing = { surprise: 3, noSurprise: 2 } as const;
/** What is found differently as often as this comes by a way, or from a server, that is not sound now and may be later. */
const mostReads = 6;
/** Before the second read there is no pause, before each further one this. */
const pauseMs = 1_000;

/**
 * The first sound read, or the fault that reads agree on. Each read after the first has a connection of its own: what is broken
 * may be a proxy, or a server of many, that the first one leads to.
 * @throws StoreUnavailable when reads do not agree, and what `read` throws
 */
export async function readUntilSure<T>(
  key: string,
  s3: S3,
  read: (by: S3) => Promise<Finding<T>>,
  log?: Log,
): Promise<Finding<T>> {
  let finding = await read(s3);
  let alike = 1;
  for (let reads = 1; 'fault' in finding; reads++) {
    const { expected, got, isNoSurprise } = finding.fault;
    if (alike === (isNoSurprise ? agreeing.noSurprise : agreeing.surprise)) return finding;
    if (reads === mostReads)
      throw new StoreUnavailable(`${key} was read ${reads} times, each differently: expected ${expected}, got ${got}`);
    if (!isNoSurprise) log?.('warn', 'object was read wrong; reading it again', { key, expected, got });
    if (reads > 1) await sleep(pauseMs);
    const another = s3.reconnect();
    finding = await read(another).finally(() => another.close());
    alike = 'fault' in finding && finding.fault.got === got ? alike + 1 : 1;
  }
  return finding;
}
