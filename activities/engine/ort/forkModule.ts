/** Starts a module as a Node process that exchanges messages with this one. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isCompiled } from '../../compiled.js';

/**
 * On glibc: memory in pages of 2 MB. Weights and caches are larger than what the processor's address cache covers in pages of 4 kB;
 * in large pages they are read a third faster.
 */
const largePages = 'glibc.malloc.hugetlb=1';

/** The environment of an engine process: the given one, and large pages unless it has a setting for them. */
export function engineEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const tunables = environment.GLIBC_TUNABLES;
  if (tunables?.includes('glibc.malloc.hugetlb=')) return environment;
  return { ...environment, GLIBC_TUNABLES: tunables ? `${tunables}:${largePages}` : largePages };
}

/** The caller reads the process's standard error. Standard output is shared with this process. */
export function forkModule(module: URL, environment: NodeJS.ProcessEnv): ChildProcess {
  return fork(fileURLToPath(module), {
    execArgv: isCompiled ? [] : ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
    env: engineEnvironment(environment),
    // Keeps typed arrays and NaN, which JSON does not.
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
}
