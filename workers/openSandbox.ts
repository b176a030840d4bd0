/** The sandbox of a process that runs programs, with the limits that every one of them has. */
import { machine } from '../activities/engine/ort/machine.js';
import { createSandboxPool, type SandboxPool } from '../activities/rewards/sandbox/pool.js';
import { rememberPrograms } from '../activities/rewards/sandbox/rememberPrograms.js';
import { log } from './log.js';

export const sandboxLimits = { secondsPerProgram: 2, megabytes: 256 };

export function openSandbox(): SandboxPool {
  return rememberPrograms(createSandboxPool({ processes: machine.cores, ...sandboxLimits, log }));
}
