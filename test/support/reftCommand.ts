/** The `reft` command as a process, for a Temporal server that a test has started. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));

/** @param address of Temporal; S3 is not to be asked for anything */
export function reftAt(address: string, ...args: string[]) {
  const nowhere = { S3_ENDPOINT: 'http://127.0.0.1:1', S3_ADDRESSING: 'path' };
  return reftWith({ TEMPORAL_ADDRESS: address, TEMPORAL_TLS: 'false', ...nowhere }, ...args);
}

/** @param variables beside those of this process */
export async function reftWith(variables: NodeJS.ProcessEnv, ...args: string[]) {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, error, code };
}
