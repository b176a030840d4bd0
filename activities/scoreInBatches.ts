/**
 * The tool `scoreInBatches` of rewards (`rewards/batches.ts` says what for): each batch's scores are stored as soon as they are
 * there, and read before anything is asked.
 *
 * They lie under `scores/<reward>/<sha256 of edition, content and pairs>.json`, so another attempt, another round or another run
 * that would ask the same finds them.
 */
import { stringify } from 'safe-stable-stringify';
import { z } from 'zod';
import { atMost } from './atMost.js';
import { CorruptObject } from './errors.js';
import { at, required } from './invariant.js';
import {
  type BatchedScoring,
  cutIntoBatches,
  distinctPairs,
  type NumberedPair,
  type ScoreInBatches,
} from './rewards/batches.js';
import type { RewardTools } from './rewards/reward.js';
import type { Score } from './rewards/samples.js';
import { checkScores, scoreFields } from './rewards/scores.js';
import { sha256OfBytes } from './store/digest.js';
import type { Store } from './store/types.js';

const keptScores: z.ZodType<readonly Score[]> = z.array(z.object(scoreFields));

export function createScoreInBatches(
  store: Pick<Store, 'read' | 'publish'>,
  { signal, onProgress }: Pick<RewardTools, 'signal' | 'onProgress'>,
): ScoreInBatches {
  async function scoreBatch(pairs: readonly NumberedPair[], scoring: BatchedScoring): Promise<readonly Score[]> {
    const { reward, edition, content } = scoring;
    const asked = pairs.map(({ example, response }) => ({ example, response }));
    const hash = sha256OfBytes(Buffer.from(required(stringify({ edition, content, pairs: asked }), 'a batch as JSON')));
    const key = `scores/${reward}/${hash}.json`;
    const kept = await store.read(key);
    if (kept !== null) return readKept(key, kept, pairs.length);
    const scores = checkScores(reward, pairs, await scoring.ask(pairs, { hash, signal }));
    await store.publish(key, Buffer.from(JSON.stringify(scores)));
    return scores;
  }

  return async (examples, responses, scoring) => {
    const { pairs, places } = distinctPairs(examples, responses);
    let done = 0;
    let failed: { readonly error: unknown } | undefined;
    const scoreUnlessFailed = async (batch: readonly NumberedPair[]): Promise<readonly Score[]> => {
      if (failed) return [];
      signal.throwIfAborted();
      try {
        const scores = await scoreBatch(batch, scoring);
        done += batch.length;
        onProgress(Math.floor((done / pairs.length) * responses.length));
        return scores;
      } catch (error) {
        // The batches under way are waited for, so that their scores are stored and the next attempt asks for fewer.
        failed ??= { error };
        return [];
      }
    };
    const scores = (await atMost(scoring.atOnce, cutIntoBatches(pairs, scoring), scoreUnlessFailed)).flat();
    if (failed) throw failed.error;
    return places.map((place) => at(scores, place));
  };
}

function readKept(key: string, bytes: Uint8Array, count: number): readonly Score[] {
  const text = Buffer.from(bytes).toString();
  const problem = (got: string): CorruptObject => new CorruptObject(key, `${count} scores as JSON`, got);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw problem(JSON.stringify(text.slice(0, 80)));
  }
  const { data, error } = keptScores.safeParse(json);
  if (error) throw problem(z.prettifyError(error));
  if (data.length !== count) throw problem(String(data.length));
  return data;
}
