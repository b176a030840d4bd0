/** The servers for a command: a running stack, or one started for the command alone. */
import { findRunningStack, type StackAccess, startStack } from '../../infra/stack.js';
import { dataDirectory } from '../directories.js';

export async function withStack<T>(work: (stack: StackAccess) => Promise<T>): Promise<T> {
  const running = await findRunningStack(dataDirectory);
  if (running) return work(running);
  const stack = await startStack({ dataDirectory, onProgress: (text) => console.error(text) });
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}
