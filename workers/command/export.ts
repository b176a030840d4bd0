/** `reft export`: what a finished run left in S3, copied into a folder, all of it or its model in one form. */
import { join } from 'node:path';
import { runPrefix } from '../../activities/store/runKeys.js';
import type { Store } from '../../activities/store/types.js';
import type { ExportFormat } from '../names.js';
import { openStore } from '../openStore.js';
import { withStack } from './access.js';
import { UsageError } from './usageError.js';

/** Names below a run's prefix: files that are always there, and files that only some runs leave. */
interface Files {
  readonly needed: readonly string[];
  readonly others: readonly string[];
}

const config = ['model/config.json', 'model/generation_config.json'];
const tokenizer = ['model/tokenizer.json', 'model/tokenizer_config.json'];
/** What a pretrained model may have brought along. */
const passedOn = ['model/special_tokens_map.json', 'model/chat_template.jinja'];
const adapter = ['adapter/adapter_config.json', 'adapter/adapter_model.safetensors'];
const weights = 'model/model.safetensors';
const graph = 'model/onnx/model.onnx';

const formats: Readonly<Record<ExportFormat, Files>> = {
  transformers: { needed: [weights, ...config, ...tokenizer], others: passedOn },
  onnx: { needed: [graph, ...config, ...tokenizer], others: passedOn },
  adapter: { needed: adapter, others: [] },
};
const everything: Files = {
  needed: ['report.html', 'result.json', 'samples.jsonl', weights, graph, ...config, ...tokenizer],
  others: [...passedOn, ...adapter],
};

/**
 * With a format the folder is the model itself; without one it holds `model/`, with LoRA `adapter/`, and the report.
 * @throws UsageError when the run left no such files.
 */
export function exportRun(id: string, directory: string, format?: ExportFormat): Promise<void> {
  return withStack(async (stack) => {
    const store = openStore(stack.s3);
    const { needed, others } = format ? formats[format] : everything;
    const copy = async (file: string): Promise<boolean> => {
      const path = join(directory, format ? file.replace(/^\w+\//, '') : file);
      const isThere = await store.saveTo(`${runPrefix(id)}/${file}`, path);
      if (isThere) console.log(path);
      return isThere;
    };
    for (const file of needed) if (!(await copy(file))) throw new UsageError(await whyMissing(store, id, file));
    for (const file of others) await copy(file);
    if (needed.includes(graph)) for (let part = 0; await copy(dataFile(part)); part++);
  });
}

/** The files beside model.onnx that weights beyond what it can hold are in. */
function dataFile(part: number): string {
  return part === 0 ? `${graph}_data` : `${graph}_data_${part}`;
}

async function whyMissing(store: Store, id: string, file: string): Promise<string> {
  const isFinished = (await store.read(`${runPrefix(id)}/result.json`)) !== null;
  if (!isFinished) return `Run "${id}" has no ${file}: it has not finished, or never was`;
  if (file.startsWith('adapter/')) return `Run "${id}" has no adapter: it trained every weight (lora is null)`;
  return `Run "${id}" has no ${file}`;
}
