/** Hugging Face folders, good and bad, through the reader of configs and tokenizers and the engine's import task. */
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { importModel } from '../../../activities/engine/tasks/importModel.js';
import { loadModel } from '../../../activities/engine/weights/modelFiles.js';
import type { NamedTensor } from '../../../activities/engine/weights/parameters.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { architectures, decodeTensors, readFixture, relativeError } from '../../reference/fixtures.js';
import { logitsOf } from '../engine/logits.js';
import { quietContext } from '../engine/modelFolder.js';
import { type FolderParts, temporaryDirectory, writeFolder } from './modelFolders.js';

let root: string;
let count = 0;
beforeAll(async () => {
  root = await temporaryDirectory();
});
const freshPath = (): string => join(root, String(count++));

async function read(directory: string) {
  const folder = await readFolder(directory);
  const task = { config: folder.config, directory, outputDirectory: join(directory, 'imported') };
  const { files } = await importModel(task, quietContext);
  return { ...folder, parameters: await loadModel(files) };
}

describe('a model folder', () => {
  it.each(architectures)('gives transformers’ logits: %s', async (name) => {
    const { config, parameters } = await read(await writeFolder(freshPath(), name));
    const fixture = readFixture(name);
    const logits = await logitsOf(config, parameters, fixture.sequences);
    expect(relativeError(logits, fixture.logits.flat(2))).toBeLessThan(1e-5);
  });

  it.each([
    ['F32', 3, 0],
    ['F16', 1, 2 ** -10],
    ['F16', 3, 2 ** -10],
    ['BF16', 2, 2 ** -7],
  ] as const)('is read from %s in %i files', async (type, shards, precision) => {
    const { parameters } = await read(await writeFolder(freshPath(), 'gpt2', { type, shards }));
    const smallest = type === 'F16' ? 2 ** -14 : 0;
    for (const [name, { data }] of decodeTensors(readFixture('gpt2').parameters)) {
      const got = parameters.get(name)?.data ?? [];
      expect(got.length).toBe(data.length);
      data.forEach((value, index) => {
        // Below 2⁻¹⁴ the float16s of this test are cut off to zero.
        expect(Math.abs((got[index] ?? Number.NaN) - value)).toBeLessThanOrEqual(
          Math.max(Math.abs(value) * precision, smallest),
        );
      });
    }
  });

  it('takes old names, masks beside the weights and a stored copy of a tied head', async () => {
    const old = await writeFolder(freshPath(), 'gpt2', {
      change: ({ tensors }) => {
        for (const [name, tensor] of [...tensors]) {
          tensors.delete(name);
          tensors.set(name.replace('transformer.', ''), tensor);
        }
        tensors.set('h.0.attn.bias', { shape: [1, 1, 2, 2], data: new Float32Array(4) });
        tensors.set('lm_head.weight', tensors.get('wte.weight') as NamedTensor);
      },
    });
    expect((await read(old)).parameters.get('transformer.wte.weight')?.shape).toEqual([19, 16]);
  });

  it('has its tokens from the config, else from the tokenizer, and padding by the end token', async () => {
    const { config, special, vocabularySize, otherFiles } = await read(await writeFolder(freshPath(), 'qwen2'));
    expect(special).toEqual({ endTokens: [1], padToken: 0 });
    expect(config.eos_token_id).toBe(1);
    expect(vocabularySize).toBe(17);
    expect(JSON.parse(Buffer.from(otherFiles.get('tokenizer_config.json') ?? []).toString()).chat_template).toBe(
      '{{ messages }}',
    );
    const tokensOf = async (change: (parts: FolderParts) => void) =>
      (await read(await writeFolder(freshPath(), 'qwen2', { change }))).special;
    expect(await tokensOf(({ config }) => Object.assign(config, { eos_token_id: [5] }))).toEqual({
      endTokens: [5],
      padToken: 0,
    });
    // In the manner of Llama 3's chat models: of several, first the one that the tokenizer ends a turn with.
    expect(await tokensOf(({ config }) => Object.assign(config, { eos_token_id: [5, 6, 1] }))).toEqual({
      endTokens: [1, 5, 6],
      padToken: 0,
    });
    expect(
      await tokensOf(({ config, tokenizerConfig }) => {
        Object.assign(config, { eos_token_id: null, pad_token_id: null });
        delete tokenizerConfig.pad_token;
      }),
    ).toEqual({ endTokens: [1], padToken: 1 });
  });
});

describe('a config', () => {
  it.each([
    [
      'another architecture',
      { model_type: 'mamba' },
      /config\.json: model_type is "mamba", supported: llama, mistral, qwen2, /,
    ],
    ['another activation', { hidden_act: 'gelu' }, /hidden_act is "gelu", supported: "silu"/],
    [
      'a rope it does not know',
      { rope_parameters: { rope_type: 'longrope', factor: 4 } },
      /rope_scaling\.rope_type is "longrope"/,
    ],
    ['quantised weights', { quantization_config: { bits: 4 } }, /quantization_config is given/],
    ['a missing size', { hidden_size: undefined }, /hidden_size is missing/],
    ['an odd head size', { head_dim: 3 }, /head_dim is 3, an even size is needed/],
    ['heads that do not divide', { num_key_value_heads: 3 }, /num_key_value_heads is 3/],
    [
      'a rope that is no object',
      { rope_parameters: 'llama3' },
      /config\.json: rope_parameters is "llama3", an object is needed/,
    ],
    [
      'a rope in two forms',
      { rope_parameters: { rope_type: 'default' }, rope_scaling: { rope_type: 'linear', factor: 2 } },
      /rope_scaling is given together with rope_parameters/,
    ],
    [
      'two bases of the rope',
      { rope_theta: 10_000, rope_parameters: { rope_theta: 500_000 } },
      /rope_theta is 10000, but 500000 in rope_parameters/,
    ],
    ['no end token', { eos_token_id: null }, /eos_token_id is missing/],
  ])('with %s is refused, named', async (_, changes, message) => {
    const change = ({ config, tokenizerConfig }: FolderParts): void => {
      Object.assign(config, changes);
      delete tokenizerConfig.eos_token;
    };
    const reading = readFolder(await writeFolder(freshPath(), 'qwen2', { change }));
    await expect(reading).rejects.toMatchObject({ name: 'InvalidModel', message: expect.stringMatching(message) });
  });

  it('model-eos-list: generation_config.json says which tokens end an answer', async () => {
    const ends = async (generation: unknown, given: unknown) => {
      const change = ({ config, generationConfig }: FolderParts): void => {
        Object.assign(config, { eos_token_id: given });
        Object.assign(generationConfig, { eos_token_id: generation });
      };
      return readFolder(await writeFolder(freshPath(), 'qwen2', { change }));
    };
    const { special, config } = await ends([1, 7], 1);
    expect(special.endTokens).toEqual([1, 7]);
    expect(config.eos_token_id).toEqual([1, 7]);
    // The one that the tokenizer names comes first, wherever it stands. Without it the list's order counts.
    expect((await ends([7, 1], 1)).special.endTokens).toEqual([1, 7]);
    expect((await ends([7, 5], 1)).special.endTokens).toEqual([7, 5]);
    expect((await ends(null, [7, 5])).special.endTokens).toEqual([7, 5]);
    // One token is kept as a number, so that the checkpoints of such models keep their hashes.
    expect((await ends([1], 5)).config.eos_token_id).toBe(1);
    await expect(ends('</s>', 1)).rejects.toThrow(/generation_config\.json: /);
  });

  it('with a hostile list is refused in few words', async () => {
    const types = new Array<string>(1_000).fill('x'.repeat(1_000));
    const change = ({ config }: FolderParts): void => void Object.assign(config, { layer_types: types });
    const error = await readFolder(await writeFolder(freshPath(), 'qwen2', { change })).catch((reason) => reason);
    expect(error.message).toMatch(/^.{1,1990}; and 992 more$/);
  });

  it('of an OPT with projected embeddings or norms behind is refused', async () => {
    for (const [changes, message] of [
      [{ word_embed_proj_dim: 8 }, /word_embed_proj_dim is 8, supported: hidden_size, 16/],
      [{ do_layer_norm_before: false }, /do_layer_norm_before is false, supported: true/],
    ] as const) {
      const change = ({ config }: FolderParts): void => void Object.assign(config, changes);
      await expect(readFolder(await writeFolder(freshPath(), 'opt', { change }))).rejects.toThrow(message);
    }
  });
});

describe('bad files', () => {
  const refused = async (directory: string, message: RegExp): Promise<void> => {
    await expect(read(directory)).rejects.toMatchObject({
      name: 'InvalidModel',
      message: expect.stringMatching(message),
    });
    // Whatever is wrong is in a file of this folder, and the message says in which.
    await expect(read(directory)).rejects.toThrow(directory);
  };
  const first = 'transformer.h.0.ln_1.weight';
  const replaced =
    (data: Float32Array, shape: readonly number[]) =>
    ({ tensors }: FolderParts): void =>
      void tensors.set(first, { shape, data });

  it.each([
    [
      'NaN',
      replaced(
        Float32Array.from({ length: 16 }, (_, index) => (index === 3 ? Number.NaN : 1)),
        [16],
      ),
      /tensor transformer\.h\.0\.ln_1\.weight holds NaN, at element 3/,
    ],
    [
      'an infinite weight',
      replaced(new Float32Array(16).fill(Number.POSITIVE_INFINITY), [16]),
      /ln_1\.weight holds Infinity/,
    ],
    [
      'a wrong shape',
      replaced(new Float32Array(15), [15]),
      /ln_1\.weight has shape \[15\], the config asks for \[16\]/,
    ],
    [
      'a missing tensor',
      ({ tensors }: FolderParts) => void tensors.delete(first),
      /tensor transformer\.h\.0\.ln_1\.weight is missing/,
    ],
    [
      'a strange tensor',
      ({ tensors }: FolderParts) => void tensors.set('adapter', { shape: [1], data: new Float32Array(1) }),
      /tensor adapter is no weight of a gpt2/,
    ],
    [
      'a tied head of its own',
      ({ tensors }: FolderParts) =>
        void tensors.set('lm_head.weight', { shape: [19, 16], data: new Float32Array(304) }),
      /lm_head\.weight differs from the embedding/,
    ],
    [
      'a tokenizer too large',
      (parts: FolderParts) => void Object.assign(parts.config, { vocab_size: 16 }),
      /tokenizer\.json: token 16 is beyond the model's vocab_size 16/,
    ],
    [
      'a tokenizer that is none',
      (parts: FolderParts) => void Object.assign(parts, { tokenizer: [] }),
      /tokenizer\.json is no tokenizer\.json/,
    ],
  ])('%s', async (_, change, message) => {
    await refused(await writeFolder(freshPath(), 'gpt2', { change }), message);
  });

  it('a missing or broken file', async () => {
    const directory = await writeFolder(freshPath(), 'gpt2', { shards: 2 });
    const second = join(directory, 'model-00002-of-00002.safetensors');
    const bytes = await readFile(second);
    await truncate(second, bytes.length - 5);
    await refused(directory, /model-00002-of-00002\.safetensors: tensor \S+ ends at byte .* \(truncated\?\)/);
    await rm(second);
    await refused(directory, /model-00002-of-00002\.safetensors is missing/);
    await writeFile(join(directory, 'config.json'), '{');
    await refused(directory, /config\.json is not JSON/);
    await rm(join(directory, 'tokenizer.json'));
    await refused(directory, /tokenizer\.json is missing/);
  });

  it('an index that promises other tensors or points elsewhere', async () => {
    const directory = await writeFolder(freshPath(), 'gpt2', { shards: 2 });
    const index = join(directory, 'model.safetensors.index.json');
    const { weight_map: map } = JSON.parse(await readFile(index, 'utf8'));
    expect(map[first]).toBe('model-00002-of-00002.safetensors');
    await writeFile(index, JSON.stringify({ weight_map: { ...map, [first]: 'model-00001-of-00002.safetensors' } }));
    await refused(directory, /model-00001-of-00002\.safetensors: tensor transformer\.h\.0\.ln_1\.weight is missing/);
    await writeFile(index, JSON.stringify({ weight_map: { ...map, [first]: '../../secret.safetensors' } }));
    await refused(directory, /no \.safetensors beside it/);
    await writeFile(index, JSON.stringify({ weight_map: { ['x'.repeat(1_000_000)]: '../secret.safetensors' } }));
    await refused(directory, /^(?:.|\n){1,1000}$/);
    await rm(index);
    await refused(directory, /neither model\.safetensors nor model\.safetensors\.index\.json/);
  });

  it('a header that is huge or lies', async () => {
    const directory = await writeFolder(freshPath(), 'gpt2');
    const file = join(directory, 'model.safetensors');
    const good = await readFile(file);
    const bad = Buffer.from(good);
    bad.writeBigUInt64LE(2n ** 62n);
    await writeFile(file, bad);
    await refused(directory, /header of 46116860184\d+ bytes, at most/);
    await writeFile(file, Buffer.from(good.toString('latin1').replace('"F32"', '"F16"'), 'latin1'));
    await refused(directory, /tensor \S+ has \d+ bytes, its shape .* needs \d+/);
  });
});
