/** Signals that activities send to their own workflow. */

/** A step waits for a scorer that is not there: what it says until the step is done. */
export const waitingSignalName = 'waiting';

export interface Waiting {
  /** sha256 of the samples that are to be scored. */
  readonly samples: string;
  readonly reason: string;
}
