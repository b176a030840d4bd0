/** What the rest of the project may ask of the object store. `createStore` in this folder implements it over S3. */

/** An immutable object in S3, named by its content: `key` is `objects/<sha256>`. */
export interface ObjectRef {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A checkpoint's manifest in S3 (`CheckpointManifest`). `step` is the number of optimiser updates so far. */
export interface CheckpointRef extends ObjectRef {
  readonly step: number;
  /** Bytes of the model's weights: how long work with it may take is reckoned from them. */
  readonly weightBytes: number;
}

export interface Store {
  readonly bucket: string;
  /** Where a named object is: `s3://bucket/prefix/runs/<id>/…`, as a specification names models and data. */
  addressOf(name: string): string;
  /** Stores bytes under their sha256. Storing what is already there is harmless and cheap. */
  putBytes(bytes: Uint8Array): Promise<ObjectRef>;
  /** As `putBytes`, from a local file, in several parts when large. The file is moved into the local cache. */
  putFile(path: string): Promise<ObjectRef>;
  putJson(value: unknown): Promise<ObjectRef>;
  /** One JSON document a line. */
  putLines(values: Iterable<unknown>): Promise<ObjectRef>;
  getBytes(ref: ObjectRef): Promise<Uint8Array>;
  getJson(ref: ObjectRef): Promise<unknown>;
  getLines(ref: ObjectRef): Promise<unknown[]>;
  /**
   * Path of a verified, read-only copy in the local cache. The cache may remove it ten minutes after its last use, and on a full disk
   * after one.
   */
  getFile(ref: ObjectRef): Promise<string>;
  /** Removes local copies that are not in use: for a disk that is full. */
  makeRoom(): Promise<void>;
  /** Writes a named object (`runs/<id>/report.html`) or replaces it. Its ending decides its content type. */
  publish(name: string, bytes: Uint8Array | { readonly file: string }): Promise<void>;
  /**
   * Writes a named object to a local file, and creates its folder. Returns false and writes nothing when there is no such object.
   * @param from a bucket of the same server, whose keys are taken as they are; default: the store's own, below its prefix.
   */
  saveTo(name: string, path: string, from?: string): Promise<boolean>;
  /** Reads a named object; null when there is none. `from` as for `saveTo`. */
  read(name: string, from?: string): Promise<Uint8Array | null>;
}
