/** What a Hugging Face folder says of its model, apart from the weights: config, tokenizer, special tokens. */
import { join } from 'node:path';
import { z } from 'zod';
import { loadTokenizer } from '../data/tokenizer/loadTokenizer.js';
import type { SpecialTokens } from '../data/tokenizer/tokenizerFile.js';
import { endTokensOf, type TokenizerTokens } from '../engine/models/configTokens.js';
import { languageModel, type ModelConfig, readPublished } from '../engine/models/index.js';
import { InvalidModel, messageOf } from '../errors.js';
import { tokenName } from './chatTemplate.js';
import { parseModelFile, readModelFile } from './modelFile.js';
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

/** Far more tokens than end the answers of any model. */
const mostEnds = 1_000;

const tokenizerConfigSchema = z.object({ eos_token: tokenName, pad_token: tokenName });
const generationSchema = z.object({ eos_token_id: z.union([z.int(), z.array(z.int()).max(mostEnds)]).nullish() });
const tokenizerSchema = z.object({
  added_tokens: z.array(z.unknown()).default([]),
  model: z.object({ vocab: z.unknown() }),
});
const addedToken = z.object({ id: z.int(), content: z.string() });

/** @throws InvalidModel naming the file that is missing, damaged or of a kind the engine does not support. */
export async function readFolder(directory: string): Promise<ModelFolder> {
  const tokenizer = await need(directory, tokenizerFile);
  const tokenizerJson = parseModelFile(join(directory, tokenizerFile), tokenizer);
  const otherFiles = new Map<string, Uint8Array>();
  for (const name of otherTokenizerFiles) {
    const bytes = await readModelFile(directory, name);
    if (bytes) otherFiles.set(name, bytes);
  }
  const named = {
    ...namedTokens(tokenizerJson, otherFiles, directory),
    generationEnds: await generationEnds(directory),
  };
  const path = join(directory, configFile);
  const { config, unread } = readPublished(parseModelFile(path, await need(directory, configFile)), path, named);
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
    const config = tokenizerConfigSchema.safeParse(parseModelFile(path, bytes));
    if (!config.success) throw new InvalidModel(`${path}: ${z.prettifyError(config.error)}`);
    return [config.data];
  });
  const idOf = (role: 'eos_token' | 'pad_token'): number | undefined => {
    const text = configs.map((config) => config[role]).find((name) => name != null);
    if (text == null) return undefined;
    // What else is wrong with one is said where the tokenizer is loaded.
    return parsed.data.added_tokens
      .map((token) => addedToken.safeParse(token).data)
      .find((token) => token?.content === text)?.id;
  };
  return { end: idOf('eos_token'), pad: idOf('pad_token') };
}

/** The end tokens of generation_config.json, where there is one. */
async function generationEnds(directory: string): Promise<TokenizerTokens['generationEnds']> {
  const path = join(directory, generationFile);
  const bytes = await readModelFile(directory, generationFile);
  if (bytes === null) return undefined;
  const config = generationSchema.safeParse(parseModelFile(path, bytes));
  if (!config.success) throw new InvalidModel(`${path}: ${z.prettifyError(config.error)}`);
  return config.data.eos_token_id;
}

async function need(directory: string, name: string): Promise<Uint8Array> {
  const bytes = await readModelFile(directory, name);
  if (bytes === null) throw new InvalidModel(`${join(directory, name)} is missing: a model needs it`);
  return bytes;
}
