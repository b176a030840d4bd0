/** The engine as activities see it: one process, one task at a time. */
import type { EngineTasks, TaskName } from '../tasks/index.js';

export interface TaskContext {
  /** Called from time to time with work done of work in all. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The engine as the activities see it: one process, one task at a time. */
export interface Engine {
  run<Name extends TaskName>(
    task: Name,
    input: EngineTasks[Name]['input'],
    context?: TaskContext,
  ): Promise<EngineTasks[Name]['output']>;
  close(): Promise<void>;
}
