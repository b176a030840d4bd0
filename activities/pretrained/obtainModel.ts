/** Brings a pretrained model's files into a folder on this machine, or finds the folder they are in. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { indexFile, shardNames, weightsFile } from '../engine/weights/shards.js';
import { InvalidModel } from '../errors.js';
import { findReadable } from '../readableFolders.js';
import type { Store } from '../store/types.js';
import { type HubAccess, openHub } from './hub.js';
import { openS3Model } from './s3.js';
import { type ModelSource, parseSource } from './source.js';

export const configFile = 'config.json';
export const tokenizerFile = 'tokenizer.json';
/** Which tokens end an answer, where config.json does not say it, or not all of them. */
export const generationFile = 'generation_config.json';
/** Files beside tokenizer.json that go on with the model unchanged: special tokens, chat template. */
export const otherTokenizerFiles = ['tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja'] as const;

export interface ObtainOptions {
  readonly store: Store;
  readonly hub: HubAccess;
  /** Downloads go here, each model to a folder of its own, which a second attempt finds again. */
  readonly directory: string;
  /** What tells of the model's shapes and tokens alone. */
  readonly withoutWeights?: boolean;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface ObtainedModel {
  readonly name: string;
  readonly directory: string;
  /** Removes what was downloaded. */
  release(): Promise<void>;
}

/** @throws InvalidModel when there is no such model, or a file it needs is missing. */
export async function obtainModel(from: string, options: ObtainOptions): Promise<ObtainedModel> {
  const source = parseSource(from);
  if (source.kind === 'folder') {
    await checkFolder(source.path);
    return { name: source.path, directory: source.path, release: async () => undefined };
  }
  const opened =
    source.kind === 'hub'
      ? await openHub('model', source.repository, source.revision, options.hub)
      : openS3Model(source.bucket, source.prefix, options.store);
  const directory = join(options.directory, createHash('sha256').update(opened.name).digest('hex'));
  await mkdir(directory, { recursive: true });
  await download(opened, directory, options);
  return { name: opened.name, directory, release: () => rm(directory, { recursive: true, force: true }) };
}

/** @throws InvalidModel where it is no folder that runs may read, or a file in it leads out of those. */
async function checkFolder(path: string): Promise<void> {
  const folder = await findReadable(path);
  if ('problem' in folder)
    throw new InvalidModel(
      `${path} cannot be read on the machine of this worker (model.from): ${folder.problem}; s3://bucket/prefix or hf:org/name names a model that every worker reads`,
    );
  const found = await stat(folder.path).catch(() => null);
  if (!found?.isDirectory()) throw new InvalidModel(`${path} is no folder on the machine of this worker (model.from)`);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const file = join(path, entry.name);
    const readable = await findReadable(file);
    if ('problem' in readable) throw new InvalidModel(`${file} is a link that cannot be followed: ${readable.problem}`);
  }
}

async function download(source: ModelSource, directory: string, options: ObtainOptions): Promise<void> {
  const fetch = async (file: string): Promise<boolean> => {
    const target = join(directory, file);
    const present = await stat(target).catch(() => null);
    if (present) options.onBytes(present.size);
    return present !== null || source.fetch(file, target, options);
  };
  const need = async (file: string): Promise<void> => {
    if (!(await fetch(file))) throw new InvalidModel(`${source.name} has no ${file}`);
  };
  const first = [configFile, tokenizerFile, generationFile, ...otherTokenizerFiles];
  await source.admit(options.withoutWeights ? first : [...first, weightsFile], directory);
  await need(configFile);
  await need(tokenizerFile);
  for (const file of [generationFile, ...otherTokenizerFiles]) await fetch(file);
  if (options.withoutWeights || (await fetch(weightsFile))) return;
  if (!(await fetch(indexFile)))
    throw new InvalidModel(
      `${source.name} has neither ${weightsFile} nor ${indexFile} (PyTorch .bin files are not read)`,
    );
  const index = await readFile(join(directory, indexFile));
  const shards = [...shardNames(index, `${source.name}: ${indexFile}`).keys()];
  await source.admit([...first, ...shards], directory);
  for (const shard of shards) await need(shard);
}
