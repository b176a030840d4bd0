/** The servers for a command: a running stack, or one started for the command alone. */
import { findRunningStack, type StackAccess, startStack } from '../../infra/stack.js';
import { dataDirectory } from '../directories.js';
import { log } from '../log.js';

export async function withStack<T>(work: (stack: StackAccess) => Promise<T>): Promise<T> {
  const running = await findRunningStack(dataDirectory);
  if (running) return work(running);
  const stack = await startStack({ dataDirectory, log });
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}
