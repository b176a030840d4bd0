/** A model to be asked: a run's, or a Hugging Face folder, with what is known of how questions are put to it. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { endTokensOfChat } from '../../activities/data/chat.js';
import type { Chat, PromptStyle } from '../../activities/data/format.js';
import { loadTokenizer, type Tokenizer } from '../../activities/data/tokenizer/loadTokenizer.js';
import { languageModel } from '../../activities/engine/models/index.js';
import type { LiveModel } from '../../activities/engine/sampling/answerLive.js';
import { importModel } from '../../activities/engine/tasks/importModel.js';
import { loadModel } from '../../activities/engine/weights/modelFiles.js';
import { readForeignJson } from '../../activities/foreignJson.js';
import { readChatTemplate } from '../../activities/pretrained/chatTemplate.js';
import { otherTokenizerFiles } from '../../activities/pretrained/obtainModel.js';
import { readFolder } from '../../activities/pretrained/readFolder.js';
import { runPrefix } from '../../activities/store/runKeys.js';
import { isRecord } from '../../workflows/config/explain.js';
import { resolveSpec } from '../../workflows/config/resolve.js';
import type { Spec } from '../../workflows/config/spec.js';
import { withStack } from '../command/access.js';
import { UsageError } from '../command/usageError.js';
import type { PromptForm } from '../names.js';
import { openStore } from '../openStore.js';

export interface ServedModel extends LiveModel {
  /** What clients call it. */
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Those that end an answer, in this style of asking. */
  readonly endTokens: readonly number[];
  /** Longest sequence. */
  readonly positions: number;
  /** How questions are put; undefined where nothing tells it. */
  readonly style: PromptStyle | undefined;
  /** The run's specification, where the model is a run's. */
  readonly spec: Spec | undefined;
}

/**
 * @param what a run's id, or a folder
 * @param form stands above what the run's specification says
 * @throws UsageError when there is no such run or folder; InvalidModel when the model cannot be used
 */
export async function openModel(what: string, form: PromptForm | undefined): Promise<ServedModel> {
  const found = await stat(what).catch(() => null);
  if (found?.isDirectory()) {
    const folder = resolve(what);
    return readModel(basename(folder), folder, await specBeside(folder), form);
  }
  const directory = await mkdtemp(join(tmpdir(), 'reft-model-'));
  try {
    const spec = await fetchRun(what, directory);
    return await readModel(what, directory, spec, form);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The files of a run's model, and its specification. */
function fetchRun(id: string, directory: string): Promise<Spec | undefined> {
  return withStack(async (stack) => {
    const store = openStore(stack.s3);
    const prefix = runPrefix(id);
    for (const file of ['config.json', 'tokenizer.json', 'model.safetensors'])
      if (!(await store.saveTo(`${prefix}/model/${file}`, join(directory, file))))
        throw new UsageError(`"${id}" is no folder, and no run that has finished`);
    for (const file of ['generation_config.json', ...otherTokenizerFiles])
      await store.saveTo(`${prefix}/model/${file}`, join(directory, file));
    const result = await store.read(`${prefix}/result.json`);
    return result === null ? undefined : specIn(result);
  });
}

/** `reft export` puts the model's folder beside the run's result. */
async function specBeside(folder: string): Promise<Spec | undefined> {
  const bytes = await readFile(join(dirname(folder), 'result.json')).catch(() => null);
  return bytes === null ? undefined : specIn(bytes);
}

const mostResultBytes = 64 * 2 ** 20;

function specIn(result: Uint8Array): Spec | undefined {
  const read = readForeignJson(result, mostResultBytes);
  return 'value' in read && isRecord(read.value) && isRecord(read.value.spec)
    ? resolveSpec(read.value.spec)
    : undefined;
}

async function readModel(
  name: string,
  directory: string,
  spec: Spec | undefined,
  form: PromptForm | undefined,
): Promise<ServedModel> {
  const { config, special, tokenizer: file, otherFiles } = await readFolder(directory);
  const json: unknown = JSON.parse(new TextDecoder().decode(file));
  const plain = loadTokenizer(json, special);
  const style = styleOf(spec, form, otherFiles);
  const endTokens = style?.chat ? endTokensOfChat(style.chat, plain) : special.endTokens;
  const outputDirectory = await mkdtemp(join(tmpdir(), 'reft-weights-'));
  try {
    const context = { onProgress: () => undefined, isCancelled: () => false };
    const { files } = await importModel({ config, directory, outputDirectory }, context);
    return {
      name,
      config,
      parameters: await loadModel(files),
      precision: spec ? spec.compute.precision : 'float32',
      tokenizer: style?.chat ? loadTokenizer(json, { ...special, endTokens }) : plain,
      endTokens,
      positions: languageModel(config).positions,
      style,
      spec,
    };
  } finally {
    await rm(outputDirectory, { recursive: true, force: true });
  }
}

function styleOf(
  spec: Spec | undefined,
  form: PromptForm | undefined,
  files: ReadonlyMap<string, Uint8Array>,
): PromptStyle | undefined {
  const template = (): { readonly chat: Chat } => ({ chat: readChatTemplate(files) });
  if (form !== undefined)
    return form === 'chat'
      ? { format: 'natural', docstring: false, ...template() }
      : { format: form, docstring: false };
  if (spec !== undefined) {
    const { cot, docstring, promptFormat } = spec.data;
    return { format: cot, docstring, ...(promptFormat === 'chat' ? template() : {}) };
  }
  return hasTemplate(files) ? { format: 'natural', docstring: false, ...template() } : undefined;
}

function hasTemplate(files: ReadonlyMap<string, Uint8Array>): boolean {
  const config = files.get('tokenizer_config.json');
  return (
    files.has('chat_template.jinja') || (config !== undefined && /"chat_template"/.test(Buffer.from(config).toString()))
  );
}
