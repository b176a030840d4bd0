/** What a thread and the one that started it say to each other. */
export type FromThread =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number; readonly unit: string }
  /** Asks for something that only the other side can do. */
  | { readonly kind: 'call'; readonly call: number; readonly service: string; readonly input: unknown }
  | { readonly kind: 'finished'; readonly output: unknown }
  | ({ readonly kind: 'failed' } & Failure);

export type ToThread =
  | { readonly kind: 'answer'; readonly call: number; readonly output: unknown }
  | ({ readonly kind: 'refusal'; readonly call: number } & Failure);

/** An error's name, message and stack: its class stays behind. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export function failureOf(thrown: unknown): Failure {
  const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { name, message, stack };
}

export function errorOf({ name, message, stack }: Failure): Error {
  const error = new Error(message);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
