/**
 * The activities `recallResult` and `keepResult`: results of a comparison's children by what they depend on, so that none is
 * done twice.
 *
 * A result lies under the hash of everything it follows from: data, starting checkpoint, settings, seed, and the edition of the
 * code. A comparison that is started again, with more seeds or methods, finds there what an earlier one has done, whatever has
 * become of that one.
 */

import { stringify } from 'safe-stable-stringify';
import { CorruptObject } from './errors.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { required } from './invariant.js';
import { sha256OfBytes } from './store/digest.js';
import type { Store } from './store/types.js';

/** What a child of a comparison is for: each has a result that a later comparison may take over. */
export type ComparisonUnit = 'warm-up' | 'reward-model' | 'training' | 'evaluation';

/** Asks whether a child with the same content has been done before, by whatever comparison. */
export interface RecallResultInput {
  readonly unit: ComparisonUnit;
  /** Of the code that gives its result. */
  readonly edition: number;
  /** Everything that its result depends on. */
  readonly content: unknown;
}

export interface RecallResultResult {
  /** Where its result lies or will lie: `comparisons/<unit>/<sha256 of edition and content>.json`. */
  readonly key: string;
  readonly result?: unknown;
}

export interface KeepResultInput {
  readonly key: string;
  readonly result: unknown;
}

export function createRecallResult({ store }: { readonly store: Store }) {
  return ({ unit, edition, content }: RecallResultInput): Promise<RecallResultResult> =>
    heartbeatWhile('results', async () => {
      const hash = sha256OfBytes(Buffer.from(required(stringify({ edition, unit, content }), 'the content as JSON')));
      const key = `comparisons/${unit}/${hash}.json`;
      const kept = await store.read(key);
      return kept === null ? { key } : { key, result: parse(key, kept) };
    });
}

/** Keeping the same result twice is harmless. */
export function createKeepResult({ store }: { readonly store: Store }) {
  return ({ key, result }: KeepResultInput): Promise<void> =>
    heartbeatWhile('results', () => store.publish(key, Buffer.from(JSON.stringify(result))));
}

function parse(key: string, bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString();
  try {
    return JSON.parse(text);
  } catch {
    throw new CorruptObject(key, 'JSON', JSON.stringify(text.slice(0, 80)));
  }
}
