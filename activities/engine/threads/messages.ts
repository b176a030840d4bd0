/** What who has work for the engine and who does it say to each other: client and engine process, engine process and worker threads. */
export type ToEngine =
  | { readonly kind: 'run'; readonly task: string; readonly input: unknown }
  /** Asks the running task to stop at its next step. */
  | { readonly kind: 'cancel' };

export type FromEngine =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'finished'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string; readonly stack: string | undefined };

/** Arrays at the top of a task's input or output: between threads they move instead of being copied. */
export function movedWith(fields: unknown): ArrayBuffer[] {
  if (typeof fields !== 'object' || fields === null) return [];
  return Object.values(fields).filter((field) => field instanceof ArrayBuffer);
}

/** An error as the task threw it: same name, message and stack. */
export function errorFrom({ name, message, stack }: FromEngine & { kind: 'failed' }): Error {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
