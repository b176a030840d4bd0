/** The one failure of this room: something a run needs is not there, and what to install or set to have it. */
export class MissingSoftware extends Error {
  override readonly name = 'MissingSoftware';
}

/** An error's message, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
