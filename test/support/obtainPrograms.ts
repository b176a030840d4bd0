/** Before any test: obtains the servers' programs, which takes minutes on a machine that builds one, longer than a test may take. */
import { startTestStack } from './stack.js';

export default async function setup(): Promise<void> {
  const stack = await startTestStack();
  await stack.stop();
}
