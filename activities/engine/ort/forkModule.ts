/** Starts a TypeScript module as a Node process that talks by messages. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { engineEnvironment } from './engineEnvironment.js';

/** Its standard error is for the caller to read; standard output is this process's. */
export function forkModule(module: URL, environment: NodeJS.ProcessEnv): ChildProcess {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx'));
  return fork(fileURLToPath(module), {
    execArgv: ['--import', tsx.href],
    env: engineEnvironment(environment),
    // Keeps typed arrays and NaN as they are, which JSON would not.
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
}
