/**
 * What an architecture is: one module with the config as published, which of its values are refused, the config that the engine
 * keeps, and the language model. Each is a row in `index.ts`. The rest of the engine builds a `LanguageModel` from a config.
 *
 * To add one: write its module with `defineArchitecture`, as `gpt2.ts` does, and add its row. A variant of a family is a few lines of
 * the family's module, as Qwen2 in `llama.ts`.
 */
import { InvalidModel } from '../../errors.js';
import {
  check,
  type Json,
  type PublishedSchema,
  type PublishedTokens,
  type Refusal,
  unreadFields,
} from './configFields.js';
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
   * Every field of a published config that transformers computes the model from, made with `publishedConfig`. A value that the engine
   * does not compute is refused, so that no model is computed wrongly. Fields that are not listed are left out.
   */
  readonly published: PublishedSchema<Published>;
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
  /** @throws InvalidModel naming every field that has a value the engine does not support. */
  readonly read: (json: Json, file: string, named: TokenizerTokens) => ReadConfig<Fields>;
  readonly fixedFields: (config: Fields) => Json;
  readonly model: (config: Fields) => LanguageModel;
}

/** What is made of a published config. */
export interface ReadConfig<Fields> {
  readonly config: Fields & TokenConfig;
  /** Names of fields that nothing was made of. */
  readonly unread: readonly string[];
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
      const given = inOneForm(json, refusal);
      const published = check(schema, given, refusal);
      const config = { ...read(published, refusal), ...readTokens(published, named, refusal) };
      return { config, unread: unreadFields(given, published) };
    },
  };
}
