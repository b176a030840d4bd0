/**
 * What an architecture is: one module with the config as published, which of its values are refused, the config that the engine
 * keeps, and the language model. Each is a row in `index.ts`. The rest of the engine builds a `LanguageModel` from a config.
 *
 * To add one: write its module with `defineArchitecture`, as `gpt2.ts` does, and add its row. A variant of a family is a few lines of
 * the family's module, as Qwen2 in `llama.ts`.
 */
import type { z } from 'zod';
import { InvalidModel } from '../../errors.js';
import { check, type Json, type PublishedTokens, type Refusal } from './configFields.js';
import { readTokens, type TokenConfig, type TokenizerTokens } from './configTokens.js';
import type { LanguageModel } from './languageModel.js';

/** Fields that every architecture keeps. */
interface SharedFields {
  /** Whether the head's matrix is that of the embedding. */
  readonly tie_word_embeddings: boolean;
}

/** @typeParam Fields of the config that the engine keeps, under the names of `config.json`; tokens are added to them. */
interface ArchitectureDefinition<Published extends PublishedTokens, Fields extends SharedFields> {
  /** The class in transformers: `architectures` in `config.json`. */
  readonly className: string;
  /**
   * Every field of a published config that is understood, made with `publishedConfig`. A field with a value that the engine does not
   * compute, or one that is not listed, is refused, so that no model is computed wrongly.
   */
  readonly published: z.ZodType<Published>;
  /** Brings forms that other versions of transformers write into the one that `published` describes. */
  readonly inOneForm?: (json: Json, refusal: Refusal) => Json;
  /**
   * From the published config to the fields that the model is computed from. Checkpoints hold them and are read by `published` again,
   * so their names and forms must be those of `config.json`. A field added later is absent where a model does not use it: so the
   * checkpoints of older models keep their hashes.
   */
  readonly read: (published: Published, refusal: Refusal) => Fields;
  /** What a written `config.json` says besides: fields that have one value in all models that are read. */
  readonly fixedFields: (config: Fields) => Json;
  readonly model: (config: Fields) => LanguageModel;
}

/** A row of the registry. */
export interface Architecture<Fields extends SharedFields> {
  readonly className: string;
  /** @throws InvalidModel naming every field that is unknown or has a value the engine does not support. */
  readonly read: (json: Json, file: string, named: TokenizerTokens) => Fields & TokenConfig;
  readonly fixedFields: (config: Fields) => Json;
  readonly model: (config: Fields) => LanguageModel;
}

/** Makes a row: checks a published config before it is read, and adds the tokens. */
export function defineArchitecture<Published extends PublishedTokens, Fields extends SharedFields>({
  published: schema,
  inOneForm = (json) => json,
  read,
  ...definition
}: ArchitectureDefinition<Published, Fields>): Architecture<Fields> {
  return {
    ...definition,
    read: (json, file, named) => {
      const refusal: Refusal = (problem) => new InvalidModel(`${file}: ${problem}`);
      const published = check(schema, inOneForm(json, refusal), refusal);
      return { ...read(published, refusal), ...readTokens(published, named, refusal) };
    },
  };
}
