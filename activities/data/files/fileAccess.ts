/** What it takes to bring data files to this machine, and what is brought. */
import type { Store } from '../../store/types.js';

export interface FileAccess {
  /** The folder of published data sets, from `REFT_DATA_DIR`: relative paths start there. */
  readonly directory: string | undefined;
  /** `s3://` names objects of its bucket, or of others on the same server. */
  readonly store: Pick<Store, 'bucket' | 'saveTo'>;
  /** A data set of the hub, at the commit that a revision names. */
  readonly openHub: (repository: string, revision: string) => Promise<HubFiles>;
  /** Where files from elsewhere are put. The caller removes it. */
  readonly workDirectory: string;
  readonly signal: AbortSignal;
}

/** A file on this machine. */
export interface ObtainedFile {
  /** What to call it: its place without what may be secret in it. */
  readonly name: string;
  readonly path: string;
}

/** What a file is read for. */
export type Split = 'train' | 'test';

/** A data set of the hub, at one commit. */
export interface HubFiles {
  /** With the commit. */
  readonly name: string;
  /** Paths of its files. */
  readonly files: readonly string[];
  /** To be asked before files are fetched. @throws where they are more than may be downloaded to the directory. */
  admit(files: readonly string[], directory: string): Promise<void>;
  /** Writes a file to `target`. */
  fetch(
    file: string,
    target: string,
    options: { readonly onBytes: (bytes: number) => void; readonly signal: AbortSignal },
  ): Promise<boolean>;
}
