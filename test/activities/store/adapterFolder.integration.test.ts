/** LoRA adapters as PEFT reads them, the base model beside them as transformers does: the same probabilities as here. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../../activities/engine/models/index.js';
import { scoreAnswers } from '../../../activities/engine/training/scoreAnswers.js';
import { readSafetensors, writeSafetensors } from '../../../activities/engine/weights/safetensors.js';
import { adapterConfig, publishAdapterFolder } from '../../../activities/store/adapterFolder.js';
import { publishModelFolder } from '../../../activities/store/modelFolder.js';
import { createStore } from '../../../activities/store/store.js';
import type { Store } from '../../../activities/store/types.js';
import { decodeTensors, readFixture, relativeError } from '../../reference/fixtures.js';
import { type S3Server, startS3 } from './s3Server.js';

const { config, parameters, batches } = readFixture('llama-grouped');
const fixture = readFixture('lora');
const adapters = new Map([
  ...decodeTensors(fixture.adaptersAfter),
  ['value_head.bias', { shape: [1], data: new Float32Array(1) }] as const,
]);
const sequences = batches.flat();

let server: S3Server;
let store: Store;
let directory: string;
beforeAll(async () => {
  server = await startS3();
  directory = await mkdtemp(join(tmpdir(), 'reft-adapter-test-'));
  store = createStore({ ...server.access, cacheDirectory: join(directory, 'cache'), cacheBytes: 2 ** 30 });
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function fetchFolder(prefix: string, files: readonly string[]): Promise<string> {
  const folder = join(directory, prefix);
  await mkdir(folder, { recursive: true });
  for (const file of files) await writeFile(join(folder, file), (await store.read(`${prefix}/${file}`)) ?? '');
  return folder;
}

async function modelFiles() {
  const [base, file] = [join(directory, 'base.safetensors'), join(directory, 'adapters.safetensors')];
  await writeSafetensors(base, decodeTensors(parameters));
  await writeSafetensors(file, adapters);
  return { config, parameters: base, adapters: { file, lora: fixture.lora }, step: 3 };
}

/** Adapters on layers whose weights are transposed. */
async function gpt2Files() {
  const [base, file] = [join(directory, 'gpt2.safetensors'), join(directory, 'gpt2-adapters.safetensors')];
  const { configJson, parameters } = readFixture('gpt2');
  const { lora, adapters } = readFixture('lora-gpt2');
  await writeSafetensors(base, decodeTensors(parameters));
  await writeSafetensors(file, decodeTensors(adapters));
  const config = readConfig(configJson, 'config.json');
  return { config, parameters: base, adapters: { file, lora }, step: 3 };
}

const adapterFiles = ['adapter_config.json', 'adapter_model.safetensors'];

it("holds the adapters alone, under PEFT's names", async () => {
  const files = await modelFiles();
  await publishAdapterFolder({ store, directory }, 'plain', files);
  const folder = await fetchFolder('plain', adapterFiles);
  const { tensors, metadata } = await readSafetensors(join(folder, 'adapter_model.safetensors'));
  expect(tensors).toEqual(decodeTensors(fixture.adaptersAfter));
  expect(metadata).toEqual({ format: 'pt' });
  expect(JSON.parse(Buffer.from((await store.read('plain/adapter_config.json')) ?? '').toString())).toMatchObject({
    peft_type: 'LORA',
    r: 4,
    lora_alpha: 6,
    target_modules: ['q_proj', 'v_proj', 'down_proj'],
    fan_in_fan_out: false,
  });
  await publishAdapterFolder({ store, directory }, 'transposed', await gpt2Files());
  expect(JSON.parse(Buffer.from((await store.read('transposed/adapter_config.json')) ?? '').toString())).toMatchObject({
    target_modules: ['c_attn', 'c_proj'],
    fan_in_fan_out: true,
  });
});

it.each([
  ['hf:org/name@abc123', 'org/name', 'abc123'],
  ['hf:gpt2', 'gpt2', null],
  ['/models/tiny', '/models/tiny', null],
  ['s3://bucket/runs/x/model', 's3://bucket/runs/x/model', null],
  [null, null, null],
])('names the base model: %s', (base, name, revision) => {
  expect(adapterConfig(fixture.lora, base, false)).toMatchObject({ base_model_name_or_path: name, revision });
});

/** Prints log-probabilities of answers under the base with adapters (PEFT), and under the merged folder (transformers). */
const script = `
import json, sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
base, merged, adapter, sequences = sys.argv[1:4] + [json.loads(sys.argv[4])]
def score(model):
    scores = []
    for s in sequences:
        ids = torch.tensor([s["prompt"] + s["answer"]])
        with torch.no_grad():
            log_probs = model(ids).logits[0].log_softmax(-1)
        start = len(s["prompt"])
        scores += [log_probs[start + i - 1, token].item() for i, token in enumerate(s["answer"])]
    return scores
load = lambda path: AutoModelForCausalLM.from_pretrained(path).float().eval()
print(json.dumps({"adapted": score(PeftModel.from_pretrained(load(base), adapter).eval()), "merged": score(load(merged)), "base": score(load(base))}))
`;

const peer = process.env.REFT_PEER_PYTHON;
it.skipIf(peer === undefined).each([
  ['llama', modelFiles, sequences],
  ['gpt2', gpt2Files, readFixture('gpt2').sequences],
] as const)(
  'gives the same probabilities in PEFT, and merged in transformers: %s (REFT_PEER_PYTHON)',
  async (name, filesOf, sequences) => {
    const files = await filesOf();
    const tokenizer = await store.putJson({ added_tokens: [] });
    const { adapters: _, ...base } = files;
    await publishModelFolder({ store, directory }, `${name}/base`, base, tokenizer);
    await publishModelFolder({ store, directory }, `${name}/merged`, files, tokenizer);
    await publishAdapterFolder({ store, directory }, `${name}/adapter`, files);
    const modelFolder = ['config.json', 'generation_config.json', 'model.safetensors'];
    const folders = [
      await fetchFolder(`${name}/base`, modelFolder),
      await fetchFolder(`${name}/merged`, modelFolder),
      await fetchFolder(`${name}/adapter`, adapterFiles),
    ];
    const { stdout } = await promisify(execFile)(peer ?? '', ['-c', script, ...folders, JSON.stringify(sequences)]);
    const theirs: Record<'adapted' | 'merged' | 'base', number[]> = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    const ours = (await scoreAnswers(files, sequences)).flatMap(({ logProbs }) => [...logProbs]);
    expect(relativeError(ours, theirs.adapted)).toBeLessThan(1e-5);
    expect(relativeError(ours, theirs.merged)).toBeLessThan(1e-5);
    expect(relativeError(ours, theirs.base)).toBeGreaterThan(1e-2);
  },
);
