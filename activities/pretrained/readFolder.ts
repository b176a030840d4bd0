/** What a Hugging Face folder says of its model, apart from the weights: config, tokenizer, special tokens. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { loadTokenizer } from '../data/tokenizer/loadTokenizer.js';
import type { SpecialTokens } from '../data/tokenizer/tokenizerFile.js';
import { endTokensOf, type TokenizerTokens } from '../engine/models/configTokens.js';
import { languageModel, type ModelConfig, readPublished } from '../engine/models/index.js';
import { InvalidModel, messageOf } from '../errors.js';
import { tokenName } from './chatTemplate.js';
import { configFile, generationFile, otherTokenizerFiles, tokenizerFile } from './obtainModel.js';

export interface ModelFolder {
  readonly config: ModelConfig;
  /** Names of the fields of config.json that change nothing about what the model computes. */
  readonly unread: readonly string[];
  /** tokenizer.json as it is. */
  readonly tokenizer: Uint8Array;
  readonly special: SpecialTokens;
  readonly vocabularySize: number;
  /** Those of `otherTokenizerFiles` that are there. */
  readonly otherFiles: ReadonlyMap<string, Uint8Array>;
}

const tokenizerConfigSchema = z.object({ eos_token: tokenName, pad_token: tokenName });
const generationSchema = z.object({ eos_token_id: z.union([z.int(), z.array(z.int())]).nullish() });
const tokenizerSchema = z.object({
  added_tokens: z.array(z.object({ id: z.int(), content: z.string() })).default([]),
  model: z.object({ vocab: z.unknown() }),
});

/** @throws InvalidModel naming the file that is missing, damaged or of a kind the engine does not support. */
export async function readFolder(directory: string): Promise<ModelFolder> {
  const tokenizer = await need(directory, tokenizerFile);
  const tokenizerJson = parse(tokenizer, join(directory, tokenizerFile));
  const otherFiles = new Map<string, Uint8Array>();
  for (const name of otherTokenizerFiles) {
    const bytes = await readFile(join(directory, name)).catch(() => null);
    if (bytes) otherFiles.set(name, bytes);
  }
  const named = {
    ...namedTokens(tokenizerJson, otherFiles, directory),
    generationEnds: await generationEnds(directory),
  };
  const path = join(directory, configFile);
  const { config, unread } = readPublished(parse(await need(directory, configFile), path), path, named);
  const special = { endTokens: endTokensOf(config), padToken: config.pad_token_id };
  const vocabularySize = sizeOf(tokenizerJson, special, directory);
  const known = languageModel(config).vocabularySize;
  const largest = Math.max(vocabularySize - 1, ...special.endTokens, special.padToken);
  if (largest >= known)
    throw new InvalidModel(
      `${join(directory, tokenizerFile)}: token ${largest} is beyond the model's vocab_size ${known}`,
    );
  return { config, unread, tokenizer, special, vocabularySize, otherFiles };
}

function sizeOf(json: unknown, special: SpecialTokens, directory: string): number {
  try {
    return loadTokenizer(json, special).vocabularySize;
  } catch (error) {
    const problem = messageOf(error);
    throw new InvalidModel(`${join(directory, tokenizerFile)}: ${problem}`, { cause: error });
  }
}

/** Ids of the tokens that the files beside tokenizer.json name as end and padding. */
function namedTokens(
  tokenizerJson: unknown,
  otherFiles: ReadonlyMap<string, Uint8Array>,
  directory: string,
): Pick<TokenizerTokens, 'end' | 'pad'> {
  const file = join(directory, tokenizerFile);
  const parsed = tokenizerSchema.safeParse(tokenizerJson);
  if (!parsed.success) throw new InvalidModel(`${file} is no tokenizer.json: ${z.prettifyError(parsed.error)}`);
  // The second is where older models name their tokens.
  const configs = ['tokenizer_config.json', 'special_tokens_map.json'].flatMap((name) => {
    const bytes = otherFiles.get(name);
    if (bytes === undefined) return [];
    const path = join(directory, name);
    const config = tokenizerConfigSchema.safeParse(parse(bytes, path));
    if (!config.success) throw new InvalidModel(`${path}: ${z.prettifyError(config.error)}`);
    return [config.data];
  });
  const idOf = (role: 'eos_token' | 'pad_token'): number | undefined => {
    const text = configs.map((config) => config[role]).find((name) => name != null);
    return parsed.data.added_tokens.find(({ content }) => content === text)?.id;
  };
  return { end: idOf('eos_token'), pad: idOf('pad_token') };
}

/** The end tokens of generation_config.json, where there is one. */
async function generationEnds(directory: string): Promise<TokenizerTokens['generationEnds']> {
  const path = join(directory, generationFile);
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return undefined;
  const config = generationSchema.safeParse(parse(bytes, path));
  if (!config.success) throw new InvalidModel(`${path}: ${z.prettifyError(config.error)}`);
  return config.data.eos_token_id;
}

async function need(directory: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(directory, name));
  } catch (error) {
    throw new InvalidModel(`${join(directory, name)} is missing: a model needs it`, { cause: error });
  }
}

function parse(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new InvalidModel(`${path} is not JSON`, { cause: error });
  }
}
