/** Checkpoints written and read back, equal hashes for equal content, and run names that are safe as keys. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LlamaConfig } from '../../../activities/engine/models/index.js';
import { type CheckpointParts, readCheckpoint, writeCheckpoint } from '../../../activities/store/checkpoint.js';
import { runPrefix } from '../../../activities/store/runKeys.js';
import { createStore } from '../../../activities/store/store.js';
import type { CheckpointRef, ObjectRef, Store } from '../../../activities/store/types.js';
import { tinyConfig } from '../engine/support/tinyConfig.js';
import { type S3Server, startS3 } from './s3Server.js';

const config: LlamaConfig = { ...tinyConfig, vocab_size: 113, num_key_value_heads: 4 };

let server: S3Server;
let store: Store;
let tokenizer: ObjectRef;
let folders = 0;
beforeAll(async () => {
  server = await startS3();
  store = freshStore();
  tokenizer = await store.putJson({ version: '1.0' });
});
afterAll(() => server.close());

function freshStore(): Store {
  folders += 1;
  return createStore({
    ...server.access,
    cacheDirectory: join(server.directory, `cache-${folders}`),
    cacheBytes: 2 ** 30,
  });
}

/** Parts with the given contents, in files of their own as the engine writes them. */
async function parts(parameters: Uint8Array, moments?: Uint8Array): Promise<CheckpointParts> {
  const file = async (name: string, bytes: Uint8Array): Promise<string> => {
    const path = join(server.directory, `${name}-${randomBytes(4).toString('hex')}`);
    await writeFile(path, bytes);
    return path;
  };
  return {
    config,
    parameters: await file('parameters', parameters),
    ...(moments ? { moments: await file('moments', moments) } : {}),
    step: 7,
    tokenizer,
    randomKeys: { seed: 3, purpose: 'order-sft', epoch: 2 },
  };
}

test('how a model is computed and scaled is part of it, and nothing where it is so by default', async () => {
  const parameters = randomBytes(4000);
  const plain = await writeCheckpoint(store, await parts(parameters));
  const settings = {
    compute: { precision: 'float16', recompute: true, attentionInBlocks: false },
    lossScale: { scale: 2 ** 15, goodSteps: 12 },
  } as const;
  const ref = await writeCheckpoint(store, { ...(await parts(parameters)), ...settings });
  expect(ref.sha256).not.toBe(plain.sha256);
  expect((await readCheckpoint(freshStore(), ref, { moments: true })).files).toMatchObject(settings);
  const { files } = await readCheckpoint(freshStore(), plain, { moments: true });
  expect(Object.keys(files).sort()).toEqual(['config', 'parameters', 'step']);
});

test('what is written is read, with and without the moments', async () => {
  const [parameters, moments] = [randomBytes(4000), randomBytes(8000)];
  const ref = await writeCheckpoint(store, await parts(parameters, moments));
  expect(ref).toMatchObject({ key: `objects/${ref.sha256}`, step: 7 });

  const other = freshStore();
  const whole = await readCheckpoint(other, ref, { moments: true });
  expect(whole.files).toMatchObject({ config, step: 7 });
  expect(parameters.equals(await readFile(whole.files.parameters))).toBe(true);
  expect(moments.equals(await readFile(whole.files.moments ?? ''))).toBe(true);
  expect(whole.manifest).toMatchObject({ tokenizer, randomKeys: { seed: 3, purpose: 'order-sft', epoch: 2 } });

  const light = await readCheckpoint(other, ref, { moments: false });
  expect(light.files).toEqual({ config, step: 7, parameters: whole.files.parameters });
});

test('adapters are read back with the base they belong to, which is not uploaded again', async () => {
  const lora = { rank: 4, alpha: 8, targetModules: ['q_proj'] };
  const [base, adapters] = [randomBytes(4000), randomBytes(400)];
  const started = await writeCheckpoint(store, await parts(base));
  const { manifest, files } = await readCheckpoint(store, started, { moments: false });
  const { parameters: adapterFile, ...others } = await parts(adapters, randomBytes(800));
  const trained = { ...others, parameters: files.parameters, adapters: { file: adapterFile, lora } };
  let uploads = 0;
  const counting: Store = { ...store, putFile: (path) => store.putFile(path).finally(() => uploads++) };
  const ref = await writeCheckpoint(counting, { ...trained, base: manifest.parameters });
  expect(uploads).toBe(2);

  const read = await readCheckpoint(freshStore(), ref, { moments: true });
  expect(read.manifest.parameters).toEqual(manifest.parameters);
  expect(read.files.adapters?.lora).toEqual(lora);
  expect(base.equals(await readFile(read.files.parameters))).toBe(true);
  expect(adapters.equals(await readFile(read.files.adapters?.file ?? ''))).toBe(true);
});

test('equal content has an equal hash whatever order it was built in, other content another', async () => {
  const [parameters, moments] = [randomBytes(4000), randomBytes(8000)];
  const first = await writeCheckpoint(store, await parts(parameters, moments));
  const again = await parts(parameters, moments);
  const reversed = Object.fromEntries(Object.entries(config).reverse()) as unknown as LlamaConfig;
  expect(await writeCheckpoint(freshStore(), { ...again, config: reversed })).toEqual(first);

  const others = [
    { ...(await parts(parameters, moments)), step: 8 },
    { ...(await parts(parameters, moments)), randomKeys: { seed: 4 } },
    await parts(parameters),
    await parts(randomBytes(4000), moments),
  ];
  const hashes = await Promise.all(others.map(async (other) => (await writeCheckpoint(store, other)).sha256));
  expect(new Set([first.sha256, ...hashes]).size).toBe(5);
});

test.each<[string, unknown]>([
  ['another kind of object', { questions: [] }],
  ['a config of another architecture', { kind: 'checkpoint', config: { ...config, model_type: 'gpt2' } }],
])('%s is a CorruptObject', async (_, value) => {
  const ref = { ...(await store.putJson(value)), step: 7 };
  await expect(readCheckpoint(store, ref, { moments: true })).rejects.toMatchObject({
    name: 'CorruptObject',
    message: expect.stringContaining(`${ref.key} is corrupt: expected a checkpoint manifest`),
  });
});

test('a reference with another step than its manifest is a CorruptObject', async () => {
  const ref = await writeCheckpoint(store, await parts(randomBytes(100)));
  const wrong: CheckpointRef = { ...ref, step: 6 };
  await expect(readCheckpoint(store, wrong, { moments: false })).rejects.toThrow('expected step 6');
});

test('run ids become folder names that are safe, unique and plain where they can be', () => {
  expect(runPrefix('demo-1_b.C')).toBe('runs/demo-1_b.C');
  expect(runPrefix('team a/run~é')).toBe('runs/team~20a~2Frun~7E~C3~A9');
  expect([runPrefix('.'), runPrefix('..'), runPrefix('a..')]).toEqual(['runs/~2E', 'runs/~2E.', 'runs/a..']);
  const long = ['x'.repeat(300), `${'x'.repeat(299)}y`, '/'.repeat(1000)].map(runPrefix);
  for (const prefix of long) expect(prefix.length).toBeLessThanOrEqual(205);
  const odd = ['a/b', 'a~2Fb', 'a%2Fb', 'A/b', 'a\\b', 'a b', 'a\u0000b', ' ', '~', '~~', '~7E', '../x', ...long];
  const names = odd.map(runPrefix);
  expect(new Set(names).size).toBe(odd.length);
  for (const name of names) expect(name).toMatch(/^runs\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/);
});
