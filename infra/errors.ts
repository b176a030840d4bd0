/** The one failure of this room: something a run needs is not there, and what to install or set to have it. */
export class MissingSoftware extends Error {
  override readonly name = 'MissingSoftware';
}
