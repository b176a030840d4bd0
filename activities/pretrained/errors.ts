/** The room's errors. `InvalidModel` is named as the engine's: to a retry policy they are the same. */

/** What `model.from` names is not there, may not be read, or is no model. Trying again is no use. */
export class InvalidModel extends Error {
  override readonly name = 'InvalidModel';
}

/** A download ended early or with other bytes than the hub announced. What was whole of it is kept, so trying again helps. */
export class DownloadFailed extends Error {
  override readonly name = 'DownloadFailed';
}
