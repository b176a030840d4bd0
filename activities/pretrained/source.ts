/** A pretrained model: where it comes from (`model.from` of the specification, read), and what it is in the store. */
import type { PretrainedTokenizer } from '../data/types.js';

import { InvalidModel } from '../errors.js';
import { at } from '../invariant.js';
import type { CheckpointRef } from '../store/types.js';

export type SourceName =
  | { readonly kind: 'hub'; readonly repository: string; readonly revision: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'folder'; readonly path: string };

/** A place that model files can be fetched from by name. */
export interface ModelSource {
  /** What to call it: for a hub model with the commit it was resolved to. */
  readonly name: string;
  /**
   * To be asked before files are fetched. Of those that are not there nothing is said.
   * @throws where the files together are more than may be downloaded to the directory
   */
  admit(files: readonly string[], directory: string): Promise<void>;
  /**
   * Writes a file of the model to `target`; false when there is no such file. A file half there is continued.
   * @param onBytes is told of bytes as they arrive.
   */
  fetch(
    file: string,
    target: string,
    options: { readonly onBytes: (bytes: number) => void; readonly signal: AbortSignal },
  ): Promise<boolean>;
}

/** The branch that the hub itself takes where none is named. */
const defaultRevision = 'main';

/** `hf:org/name` (`@revision` behind it if wanted), `s3://bucket/prefix`, anything else a folder. */
export function parseSource(from: string): SourceName {
  if (from.startsWith('hf:')) {
    const named = /^hf:([^@]+)(?:@(.+))?$/.exec(from);
    if (named === null) throw new InvalidModel(`${from} names no model of the hub`);
    const [, , revision = defaultRevision] = named;
    return { kind: 'hub', repository: at(named, 1), revision };
  }
  if (from.startsWith('s3://')) {
    const named = /^s3:\/\/([^/]+)\/(.+?)\/*$/.exec(from);
    if (named === null) throw new InvalidModel(`${from} names no bucket and prefix`);
    return { kind: 's3', bucket: at(named, 1), prefix: at(named, 2) };
  }
  return { kind: 'folder', path: from };
}

/** A pretrained model in the store. */
export interface PretrainedModel {
  /** `from`, for a hub model with the commit it was resolved to. */
  readonly name: string;
  readonly checkpoint: CheckpointRef;
  readonly tokenizer: PretrainedTokenizer;
  /** Longest sequence it can take. */
  readonly positions: number;
  /** Names of the fields of its config.json that change nothing about what it computes, at most 50 of them. */
  readonly unreadFields?: readonly string[];
}
