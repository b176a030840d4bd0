/** Objects of a bucket that others may write to, and heartbeats of activities that others may run. */
import { createFindBranch } from '../../../activities/branchPoints.js';
import { readExamples } from '../../../activities/examples.js';
import { createRecallResult } from '../../../activities/recallResult.js';
import { findKept, readNote, roundKey } from '../../../activities/retention/notes.js';
import { readManifest } from '../../../activities/store/checkpoint.js';
import { readScored } from '../../../activities/trainingSteps.js';
import { stepTroubles } from '../../../workers/command/troubles.js';
import { createMemoryStore } from '../../activities/data/memoryStore.js';
import { readFixture } from '../../reference/fixtures.js';
import { hostileJson } from '../mutate.js';
import type { Target } from '../target.js';

const ref = { key: 'objects/a', sha256: 'a'.repeat(64), bytes: 10 };
const manifest = {
  kind: 'checkpoint',
  config: { ...readFixture('qwen2').configJson, eos_token_id: 1, pad_token_id: 2 },
  parameters: ref,
  moments: ref,
  step: 1,
  tokenizer: ref,
  randomKeys: { purpose: 'x', update: 1 },
};
const example = { id: 'a', question: 'q', prompt: 'p', promptTokens: [1, 2], answerTokens: [3], answerValue: 8 };
const sample = {
  example: 0,
  sample: 0,
  tokens: [1],
  logProbs: [-1],
  truncated: false,
  text: 'a',
  reward: 1,
  correct: true,
  value: 8,
};
const checkpointRef = { ...ref, step: 1, weightBytes: 3 };
const note = {
  version: 1,
  round: 1,
  checkpoint: checkpointRef,
  memory: { training: 1, microBatch: 2, cache: 3 },
  needs: { best: checkpointRef, others: [ref] },
};
const start = {
  version: 1,
  spec: {},
  data: {},
  start: {},
  base: {},
  first: { round: 0, checkpoint: checkpointRef },
  lineage: [],
};

function objectTarget(value: unknown, read: (input: Uint8Array) => unknown): Target {
  return { make: (random) => hostileJson([value], random), sound: () => [Buffer.from(JSON.stringify(value))], read };
}

export const checkpoint = objectTarget(manifest, async (input) => {
  const store = createMemoryStore();
  return readManifest(store, { ...(await store.putBytes(input)), step: 1 });
});

export const dataSet = objectTarget(example, async (input) => {
  const store = createMemoryStore();
  return readExamples(store, { ...(await store.putBytes(Buffer.concat([input, Buffer.from('\n')]))), count: 1 });
});

export const scoredSamples = objectTarget(sample, async (input) => {
  const store = createMemoryStore();
  return readScored(store, [await store.putBytes(input)]);
});

/** What a run leaves under its id: the same bytes are read as each of its notes. */
const published = { ...note, ...start, data: { tokenizer: ref }, rounds: [0], last: 1 };

export const publishedNotes = objectTarget(published, async (input) => {
  const store = {
    ...createMemoryStore(),
    read: async (key: string) => (/[2-9]\.json$/.test(key) ? null : input),
    getJson: async () => manifest,
  };
  await createRecallResult({ store })({ unit: 'training', edition: 1, content: {} });
  await readNote(store, roundKey('a', 1));
  await findKept(store, 'a', 0);
  return createFindBranch({ store })({ run: 'a', round: 1 });
});

export const heartbeats = objectTarget({ done: 1, total: 2, unit: 'rows', quietSeconds: 99 }, (input) =>
  stepTroubles({
    pendingActivities: [
      {
        activityType: { name: 'rollout' },
        state: 2,
        attempt: 1,
        heartbeatDetails: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: input }] },
      },
    ],
  }),
);
