/** Hugging Face folders of tiny models, made of the fixtures, with weights stored in any type and in any number of files. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { trainTokenizer } from '../../../activities/data/tokenizer/trainTokenizer.js';
import type { Parameters } from '../../../activities/engine/weights/parameters.js';
import { type architectures, decodeTensors, readFixture } from '../../reference/fixtures.js';

export type StoredType = 'F32' | 'F16' | 'BF16';

/** A folder that is removed when the test file has run. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'reft-pretrained-'));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The bytes of a safetensors file. BF16 is cut off, not rounded. */
export function safetensors(tensors: Parameters, type: StoredType = 'F32'): Buffer {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    const bytes = encode(data, type);
    header[name] = { dtype: type, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    parts.push(bytes);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

function encode(data: Float32Array, type: StoredType): Buffer {
  if (type === 'F32') return Buffer.from(data.slice().buffer);
  const bits = new Uint32Array(data.slice().buffer);
  const halves = Uint16Array.from(bits, (value) => (type === 'BF16' ? value >>> 16 : toFloat16(value)));
  return Buffer.from(halves.buffer);
}

/** The bits of the float16 below a float32's (cut off towards zero; below 2⁻¹⁴ it becomes zero). */
function toFloat16(bits: number): number {
  const [sign, exponent, fraction] = [(bits >>> 16) & 0x8000, ((bits >>> 23) & 0xff) - 112, (bits >>> 13) & 0x3ff];
  return exponent <= 0 ? sign : sign | (exponent << 10) | fraction;
}

/** What a tiny model needs in a folder; `change` may alter any of it. */
export interface FolderParts {
  config: Record<string, unknown>;
  tensors: Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
  tokenizer: unknown;
  tokenizerConfig: Record<string, unknown>;
  /** Left empty, there is no such file. */
  generationConfig: Record<string, unknown>;
}

export async function writeFolder(
  directory: string,
  name: (typeof architectures)[number],
  options: {
    readonly change?: (parts: FolderParts) => void;
    readonly type?: StoredType;
    readonly shards?: number;
  } = {},
): Promise<string> {
  const fixture = readFixture(name);
  const parts: FolderParts = {
    config: { ...fixture.configJson },
    tensors: new Map(decodeTensors(fixture.parameters)),
    // 17 tokens, for a vocabulary of 19.
    tokenizer: trainTokenizer(['x + y, x'], { kind: 'word', vocabularySize: 17, templates: [] }),
    tokenizerConfig: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      eos_token: '</s>',
      pad_token: { __type: 'AddedToken', content: '<pad>' },
      chat_template: '{{ messages }}',
    },
    generationConfig: {},
  };
  options.change?.(parts);
  await mkdir(directory, { recursive: true });
  const write = (file: string, content: unknown): Promise<void> =>
    writeFile(join(directory, file), Buffer.isBuffer(content) ? content : JSON.stringify(content));
  await write('config.json', parts.config);
  await write('tokenizer.json', parts.tokenizer);
  await write('tokenizer_config.json', parts.tokenizerConfig);
  if (Object.keys(parts.generationConfig).length > 0) await write('generation_config.json', parts.generationConfig);
  const { shards = 1 } = options;
  if (shards === 1) {
    await write('model.safetensors', safetensors(parts.tensors, options.type));
    return directory;
  }
  const map: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-0000${shard + 1}-of-0000${shards}.safetensors`;
    const tensors = new Map([...parts.tensors].filter((_, index) => index % shards === shard));
    for (const tensor of tensors.keys()) map[tensor] = file;
    await write(file, safetensors(tensors, options.type));
  }
  await write('model.safetensors.index.json', { metadata: {}, weight_map: map });
  return directory;
}
