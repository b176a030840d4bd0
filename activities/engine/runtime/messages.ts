/** What the engine's two sides, the client in the worker and the engine process, say to each other. */
import type { TaskName } from '../api.js';

export type ToEngine =
  | { readonly kind: 'run'; readonly task: TaskName; readonly input: unknown }
  /** Asks the running task to stop at its next step. */
  | { readonly kind: 'cancel' };

export type FromEngine =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'finished'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string; readonly stack: string | undefined };
