/** A checkpoint in the store as a model to evaluate: `checkpoint:<sha256>`, as reports and `result.json` name it. */

import { z } from 'zod';
import { loadTokenizer } from '../data/tokenizer/loadTokenizer.js';
import { endTokensOf } from '../engine/models/configTokens.js';
import { languageModel } from '../engine/models/index.js';
import { InvalidModel } from '../errors.js';
import { readForeignJson } from '../foreignJson.js';
import { at, required } from '../invariant.js';
import { readCheckpoint } from '../store/checkpoint.js';
import type { Store } from '../store/types.js';
import type { PretrainedModel } from './source.js';

const form = /^checkpoint:([0-9a-f]{64})$/;
const steppedSchema = z.object({ kind: z.literal('checkpoint'), step: z.int() });

const mostManifestBytes = 2 ** 20;

export function isCheckpoint(from: string): boolean {
  return form.test(from);
}

/** @throws InvalidModel when the store has no such checkpoint. */
export async function openCheckpoint(store: Store, from: string): Promise<PretrainedModel> {
  const sha256 = at(required(form.exec(from), 'a checkpoint’s name'), 1);
  const key = `objects/${sha256}`;
  const bytes = await store.read(key);
  if (bytes === null) throw new InvalidModel(`${from}: there is no such checkpoint in bucket ${store.bucket}`);
  const read = readForeignJson(bytes, mostManifestBytes);
  const stepped = steppedSchema.safeParse('value' in read ? read.value : undefined);
  if (!stepped.success) throw new InvalidModel(`${from}: ${key} is no checkpoint`);
  const ref = { key, sha256, bytes: bytes.length, step: stepped.data.step };
  // Its content is checked against its hash there.
  const { manifest } = await readCheckpoint(store, ref, { moments: false });
  const special = { endTokens: endTokensOf(manifest.config), padToken: manifest.config.pad_token_id };
  const { vocabularySize } = loadTokenizer(await store.getJson(manifest.tokenizer), special);
  return {
    name: from,
    checkpoint: { ...ref, weightBytes: manifest.parameters.bytes },
    positions: languageModel(manifest.config).positions,
    tokenizer: { ...special, tokenizer: manifest.tokenizer, otherFiles: {}, vocabularySize },
  };
}
