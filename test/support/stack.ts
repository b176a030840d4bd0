/** One running stack for tests: the real servers in a temporary data directory, programs shared through `.data/bin`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Stack, startStack } from '../../infra/stack.js';

/** Programs the checkout has obtained; the first test to need one obtains it, which takes up to minutes. */
export const binDirectory = fileURLToPath(new URL('../../.data/bin', import.meta.url));

export interface TestStack extends Stack {
  readonly dataDirectory: string;
}

/** Starts Temporal and S3 whatever the environment names; `stop` ends them and removes their state. */
export async function startTestStack(): Promise<TestStack> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'reft-stack-'));
  const remove = () => rm(dataDirectory, { recursive: true, force: true });
  try {
    const stack = await startStack({ dataDirectory, binDirectory, environment: {} });
    return { ...stack, dataDirectory, stop: () => stack.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
