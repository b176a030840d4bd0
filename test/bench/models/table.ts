/**
 * `npx tsx test/bench/models/table.ts [name …]`: writes activities/pretrained/MODELS.md, with what reading a model and a step of LoRA
 * training take at two cores. Weights are random; times and memory do not depend on them. With names, those models alone are measured
 * and printed as JSON lines.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { languageModel, readPublished } from '../../../activities/engine/models/index.js';
import { weightBytes } from '../../../activities/engine/training/memory.js';
import { at, required } from '../../../activities/invariant.js';
import { loaded, type PublishedCheckpoint } from '../../activities/engine/models/publishedConfigs.js';
import { rounded } from '../result.js';
import { batch, type ModelMeasures, measuresSchema } from './measures.js';
import { writeRandomWeights } from './weights.js';

/** Of each family a model that is measured, or one of which its size alone is said, and what transformers computed. */
const families = [
  { family: 'Llama, SmolLM2', fixture: 'llama-biased', measured: 'HuggingFaceTB/SmolLM2-135M' },
  { family: 'Llama 3', fixture: 'rope-llama3', measured: 'meta-llama/Llama-3.2-1B' },
  { family: 'Qwen2, Qwen2.5', fixture: 'qwen2', measured: 'Qwen/Qwen2.5-0.5B' },
  { family: 'Qwen3', fixture: 'qwen3', measured: 'Qwen/Qwen3-0.6B' },
  { family: 'Mistral', fixture: 'mistral', sized: 'mistralai/Mistral-7B-v0.1' },
  { family: 'SmolLM3', fixture: 'smollm3', sized: 'HuggingFaceTB/SmolLM3-3B' },
  { family: 'Gemma 3, text', fixture: 'gemma3', measured: 'google/gemma-3-270m' },
  { family: 'GPT-2', fixture: 'gpt2', measured: 'openai-community/gpt2' },
  { family: 'OPT, Galactica', fixture: 'opt', measured: 'facebook/opt-125m' },
] as const;

type Family = (typeof families)[number];

const side = fileURLToPath(new URL('./modelSide.ts', import.meta.url));
const page = fileURLToPath(new URL('../../../activities/pretrained/MODELS.md', import.meta.url));

async function measure(name: string): Promise<ModelMeasures> {
  const config = configOf(name);
  const folder = await mkdtemp(join(tmpdir(), 'reft-models-'));
  try {
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    await writeRandomWeights(folder, languageModel(readPublished(config, name).config).shapes);
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', side, folder]);
    return measuresSchema.parse(JSON.parse(stdout));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function configOf(name: string): PublishedCheckpoint['config'] {
  const known = loaded.find((checkpoint) => checkpoint.name === name);
  return required(known, `the config of ${name}`).config;
}

const [load = 0] = loadavg();
const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

async function rowOf({ family, fixture }: Family, name: string): Promise<string> {
  const measures = await measure(name);
  print(name, measures);
  const { importSeconds, importBytes, stepSeconds, stepBytes } = measures;
  const reading = [importSeconds.toFixed(1), gibibytes(importBytes)];
  return cells(family, fixture, name, ...reading, stepSeconds.toFixed(1), gibibytes(stepBytes));
}

function rowOfSized({ family, fixture }: Family, name: string): string {
  const weights = weightBytes(languageModel(readPublished(configOf(name), name).config).shapes);
  return cells(family, fixture, `${name}, not measured: its weights take ${gibibytes(weights)} GiB`, '', '', '', '');
}

function cells(family: string, fixture: string, ...more: readonly string[]): string {
  return `| ${[family, `[${fixture}](../../test/reference/fixtures/${fixture}.json)`, ...more].join(' | ')} |`;
}

const text = (rows: readonly string[]): string => `# Models

Written by \`npx tsx test/bench/models/table.ts\` on ${cpus().length} cores (${at(cpus(), 0).model.trim()}), whose load was about ${load.toFixed(0)}
(beside other work, times are longer). Random weights stand in for the published ones; times and memory do not depend on them.

Every family is checked against transformers on a tiny model with random weights: logits, loss and every gradient of a training step,
greedy answers (of prompts longer than the windows), the published folder read by transformers again, and its \`onnx/\` by
transformers.js. The fixture is what PyTorch computed. (Llama 3 differs in its frequencies alone: gradients are those of Llama.)

A step of LoRA training has rank 8 on every linear layer, and ${batch.sequences} sequences of ${batch.promptTokens} prompt and ${batch.answerTokens} answer tokens. Memory is the largest
resident memory of the engine's process. Models are read from bfloat16 in two files.

| family | fixture | model | reading, s | reading, GiB | LoRA step, s | LoRA step, GiB |
|---|---|---|--:|--:|--:|--:|
${rows.join('\n')}

Which fields of \`config.json\` are read, and which values are refused, is in [engine/models](../engine/models/README.md). The configs of
${loaded.length} checkpoints that load are in \`test/activities/engine/models/publishedConfigs.ts\`, with some that do not, and why.
`;

const named = process.argv.slice(2);
for (const name of named) print(name, await measure(name));
if (named.length === 0) {
  const rows: string[] = [];
  for (const family of families)
    rows.push('measured' in family ? await rowOf(family, family.measured) : rowOfSized(family, family.sized));
  await writeFile(page, text(rows));
}

function print(name: string, measures: ModelMeasures): void {
  const values = Object.entries(measures).map(([key, value]) => [key, rounded(value)]);
  console.log(JSON.stringify({ name, ...Object.fromEntries(values) }));
}
