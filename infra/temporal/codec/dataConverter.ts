/** How values become payloads and back: what every client, every worker and the workflows' bundle of this program are given. */
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { createCodec } from './codec.js';
import { codecKeysFrom } from './keys.js';

const failureConverterPath = fileURLToPath(new URL('./failureConverter.cjs', import.meta.url));

/**
 * JSON as the SDK makes it, encrypted where the environment has a key.
 * @throws InvalidSettings when the variables hold no keys
 */
export function dataConverterFrom(environment: NodeJS.ProcessEnv = process.env): DataConverter {
  const keys = codecKeysFrom(environment);
  // Without a key too: it tells which variable is missing where something is encrypted.
  return { payloadCodecs: [createCodec(keys)], ...(keys.length === 0 ? {} : { failureConverterPath }) };
}
