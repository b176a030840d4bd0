/** Files of a model's folder, each among sound ones: config, generation_config, tokenizer_config, weights and their index. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainTokenizer } from '../../../activities/data/tokenizer/trainTokenizer.js';
import { languageModel } from '../../../activities/engine/models/index.js';
import { readSafetensors } from '../../../activities/engine/weights/safetensors.js';
import { findShards } from '../../../activities/engine/weights/shards.js';
import { readFolder } from '../../../activities/pretrained/readFolder.js';
import { architectures, readFixture } from '../../reference/fixtures.js';
import { hostileJson, mutatedBytes, mutatedJson } from '../mutate.js';
import type { Target } from '../target.js';

const configs = architectures.map((name) => readFixture(name).configJson);
const sound: Readonly<Record<string, unknown>> = {
  'config.json': configs[0],
  'tokenizer.json': trainTokenizer(['x + y, x'], { kind: 'word', vocabularySize: 17, templates: [] }),
  'tokenizer_config.json': { eos_token: '</s>', pad_token: { content: '<pad>' }, chat_template: '{{ messages }}' },
  'generation_config.json': { eos_token_id: [1, 2], temperature: 0.6 },
  'special_tokens_map.json': { eos_token: { content: '</s>' } },
};

function folderTarget(name: string, values: readonly unknown[]): Target {
  return {
    make: (random) => hostileJson(values, random),
    sound: () => values.map((value) => Buffer.from(JSON.stringify(value))),
    read: async (input, folder) => {
      for (const [file, content] of Object.entries(sound)) writeFileSync(join(folder, file), JSON.stringify(content));
      writeFileSync(join(folder, name), input);
      const { config } = await readFolder(folder);
      return languageModel(config).shapes.length;
    },
  };
}

export const config = folderTarget('config.json', configs);
export const generationConfig = folderTarget('generation_config.json', [sound['generation_config.json']]);
export const tokenizerConfig = folderTarget('tokenizer_config.json', [sound['tokenizer_config.json']]);

const header = {
  __metadata__: { format: 'pt' },
  'a.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
  'b.weight': { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
};
const weights = (json: string): Uint8Array => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  return Buffer.concat([length, Buffer.from(json), Buffer.alloc(32)]);
};

export const safetensors: Target = {
  make: (random) =>
    random.uniform() < 0.7
      ? weights(mutatedJson(header, random))
      : mutatedBytes(weights(JSON.stringify(header)), random),
  sound: () => [weights(JSON.stringify(header))],
  read: async (input, folder) => {
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, input);
    return (await readSafetensors(path)).tensors.size;
  },
};

const index = { metadata: {}, weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors' } };

export const weightsIndex: Target = {
  make: (random) => hostileJson([index], random),
  sound: () => [Buffer.from(JSON.stringify(index))],
  read: (input, folder) => {
    for (const file of Object.values(index.weight_map)) writeFileSync(join(folder, file), '');
    writeFileSync(join(folder, 'model.safetensors.index.json'), input);
    return findShards(folder);
  },
};
