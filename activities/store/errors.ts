/**
 * The store's two failures. `CorruptObject` is final: what S3 holds is not what the reference names, and trying again
 * reads the same. `StoreUnavailable` is a fault of the network, the server or its set-up, and worth a retry.
 */

/** An object's content is not what its reference promises: damaged, missing, or of another kind. */
export class CorruptObject extends Error {
  override readonly name = 'CorruptObject';

  /** @param expected and @param got say what was promised and what was found (a sha256, a size, a problem). */
  constructor(
    readonly key: string,
    readonly expected: string,
    readonly got: string,
  ) {
    super(`object ${key} is corrupt: expected ${expected}, got ${got}`);
  }
}

/** S3 could not be asked: unreachable, no such bucket, credentials refused, or a failure of its own. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

  /** @param isRefused the server answered: there is no such bucket, or the credentials are not for it. */
  constructor(
    message: string,
    readonly isRefused = false,
  ) {
    super(message);
  }
}
