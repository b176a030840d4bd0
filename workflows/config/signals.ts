/** Signals that activities send to their own workflow. */

/** A step waits for what a person has to mend: what it says until the step is done. */
export const waitingSignalName = 'waiting';

export interface Waiting {
  /** The activity's id. */
  readonly step: string;
  readonly reason: string;
}
