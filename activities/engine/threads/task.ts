/** What a task of the engine is given beside its input, and what it tells of its work. */

export interface EngineWork {
  readonly seconds: number;
  readonly forwardTokens: number;
  readonly backwardTokens: number;
  readonly generatedTokens: number;
}

/** What a running task reports to, and asks from time to time. */
export interface RunContext {
  readonly onProgress: (done: number, total: number) => void;
  readonly isCancelled: () => boolean;
}

/** What a task takes and gives. */
export interface Task {
  readonly input: unknown;
  readonly output: unknown;
}

/** A task's implementation: it runs inside the engine process, or in a worker thread of it. */
export type TaskFunction<Of extends Task> = (input: Of['input'], context: RunContext) => Promise<Of['output']>;
