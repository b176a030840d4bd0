/**
 * What a task does where memory runs out although it was planned to fit: it begins again with micro-batches and caches of half the size, once,
 * and its output says so.
 */
import { messageOf, OutOfMemory } from '../../errors.js';
import { gibibytes } from '../../gibibytes.js';
import { isOutOfMemory } from '../ort/capi/status.js';
import type { Task, TaskFunction } from '../threads/task.js';
import { halved, type MemoryBudget, machineBudget } from '../training/memoryBudget.js';
import { trimSessions } from '../training/sessions.js';

interface BudgetedTask extends Task {
  readonly input: { readonly memory?: MemoryBudget | undefined };
  readonly output: { readonly halvedMemory?: MemoryBudget };
}

/** @throws OutOfMemory when half is too much as well. */
export function halveOnce<Of extends BudgetedTask>(task: TaskFunction<Of>): TaskFunction<Of> {
  return async (input, context) => {
    try {
      return await task(input, context);
    } catch (error) {
      if (!ranOut(error)) throw error;
    }
    // Sessions keep what their largest run took.
    await trimSessions(0);
    const memory = halved(input.memory ?? machineBudget());
    try {
      return { ...(await task({ ...input, memory }, context)), halvedMemory: memory };
    } catch (error) {
      if (!ranOut(error)) throw error;
      throw new OutOfMemory(
        `memory ran out twice, the second time with runs of at most ${gibibytes(memory.microBatch)} and a cache of at most ${gibibytes(memory.cache)}: ${messageOf(error)}`,
      );
    }
  };
}

/** Said by the C API, by onnxruntime-node, or by JavaScript where an array has no place. */
function ranOut(error: unknown): boolean {
  const { name } = error instanceof Error ? error : { name: '' };
  return name === 'OutOfMemory' || ((name === 'Error' || name === 'RangeError') && isOutOfMemory(messageOf(error)));
}
