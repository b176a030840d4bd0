/** Rounds noted and found again, and what is said where there are none. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createFindBranch, createKeepStart, notingRound } from '../../activities/branchPoints.js';
import type { PreparedData } from '../../activities/data/types.js';
import { writeCheckpoint } from '../../activities/store/checkpoint.js';
import type { CheckpointRef, ObjectRef, Store } from '../../activities/store/types.js';
import { resolveSpec } from '../../workflows/config/resolve.js';
import { createMemoryStore } from './data/memoryStore.js';
import { tinyConfig } from './engine/support/tinyConfig.js';

const object = (letter: string): ObjectRef => ({ key: `objects/${letter}`, sha256: letter.repeat(64), bytes: 1 });

function checkpoint(store: Store, step: number, tokenizer = object('b')): Promise<CheckpointRef> {
  const putFile = async (): Promise<ObjectRef> => object('a');
  const parts = { config: tinyConfig, parameters: 'weights', step, tokenizer, randomKeys: {} };
  return writeCheckpoint({ ...store, putFile }, parts);
}

const memory = { training: 4_000, microBatch: 1_000, cache: 500 };
const halvedMemory = { training: 4_000, microBatch: 500, cache: 250 };

/** A run `parent` whose training has done so many rounds, each a checkpoint of as many steps and ten; memory ran out in the second. */
async function parentWith(rounds: number, first = 0, tokenizer = object('b')) {
  const store = createMemoryStore();
  const set = { ...object('c'), count: 32 };
  const data: PreparedData = {
    ...{ train: set, validation: set, test: set, tokenizer, vocabularySize: 9, endTokens: [1], padToken: 0 },
    ...{
      format: 'program' as const,
      answerKind: 'number' as const,
      files: [],
      dropped: {},
      longestPrompt: 3,
      longestAnswer: 3,
    },
  };
  const start = { checkpoint: await checkpoint(store, 10), accuracy: 50, step: 0 };
  const spec = resolveSpec({ preset: 'smoke' });
  const from = { round: first, checkpoint: await checkpoint(store, 10 + first), memory };
  await createKeepStart({ store })({
    run: 'parent',
    spec,
    data,
    start,
    base: start.checkpoint,
    first: from,
    lineage: [],
  });
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: 'parent', runId: 'r' } });
  for (let round = first + 1; round <= rounds; round++) {
    const shortage = round === 2 ? { halvedMemory } : {};
    const result = { checkpoint: await checkpoint(store, 10 + round), steps: 1, ...shortage };
    const given = { memory: round > 2 ? halvedMemory : memory };
    expect(await environment.run(() => notingRound(store, round, result, given))).toBe(result);
  }
  return { store, find: createFindBranch({ store }) };
}

describe('a branch', () => {
  it('leaves from the warm-up and from each round that was done', async () => {
    const { find } = await parentWith(3);
    for (const round of [0, 1, 2, 3])
      expect(await find({ run: 'parent', round })).toMatchObject({
        checkpoint: { step: 10 + round },
        start: { accuracy: 50 },
        spec: { ppo: { miniBatch: 8 } },
        lineage: [],
        memory: round < 2 ? memory : halvedMemory,
      });
  });

  it.each([
    [0, 0, 1, '0'],
    [1, 0, 2, '0 to 1'],
    [13, 0, 14, '0 to 13'],
    [13, 0, 900, '0 to 13'],
    [13, 5, 4, '5 to 13'],
  ])('of a run with %i rounds from %i on cannot leave from round %i', async (rounds, first, round, allowed) => {
    const { find } = await parentWith(rounds, first);
    await expect(find({ run: 'parent', round })).rejects.toMatchObject({
      name: 'InvalidSpec',
      problems: [
        `startFrom.round: got ${round}, allowed: ${allowed}, the rounds of run "parent" that are done and kept (its \`retention\`)`,
      ],
    });
  });

  it('of no run is refused, as is one whose model has another tokenizer', async () => {
    const { find } = await parentWith(1);
    await expect(find({ run: 'other', round: 0 })).rejects.toThrow(
      'startFrom.run: got "other", allowed: a run in bucket memory whose training has begun',
    );
    const { find: findOther } = await parentWith(1, 0, object('d'));
    await expect(findOther({ run: 'parent', round: 1 })).rejects.toThrow('has another tokenizer than its questions');
  });

  it('is not noted outside an activity', async () => {
    const store = createMemoryStore();
    const result = { checkpoint: await checkpoint(store, 1) };
    expect(await notingRound({ ...store, publish: () => Promise.reject(new Error('written')) }, 1, result, {})).toBe(
      result,
    );
  });

  it.each(['not JSON', 'null', '[]', '{"round": "one"}'])('reads no notes of another form: %s', async (content) => {
    const { store, find } = await parentWith(1);
    await store.publish('runs/parent/rounds/1.json', Buffer.from(content));
    await expect(find({ run: 'parent', round: 1 })).rejects.toMatchObject({
      name: 'CorruptObject',
      message: expect.stringContaining('runs/parent/rounds/1.json is corrupt'),
    });
  });

  it('reads no notes of a later version', async () => {
    const { store, find } = await parentWith(1);
    await store.publish('runs/parent/rounds/1.json', Buffer.from('{"version": 2}'));
    await expect(find({ run: 'parent', round: 1 })).rejects.toThrow(
      'runs/parent/rounds/1.json is the note of a round of version 2; this ReFT knows version 1 alone',
    );
  });
});
