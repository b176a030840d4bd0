/** Starts a server on ports nobody uses: the ones it had before, else the customary ones, else any. */
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../activities/log.js';
import type { Keeper } from './keeper.js';
import { withLock } from './lock.js';
import { choosePorts } from './ports.js';
import { readRecord } from './record.js';
import { endLeftover, type ServerPlan, startServer } from './server.js';

/**
 * Ends what a killed keeper left behind, chooses ports and starts the server.
 *
 * Between choosing a port and its being bound another start on this machine could choose the same, and would then take
 * the wrong server for its own; so starts of the same server wait for each other, a second or two.
 * @returns the ports that it has
 */
export async function startOnFreePorts(
  name: string,
  directory: string,
  customaryPorts: Readonly<Record<string, number>>,
  planFor: (ports: Readonly<Record<string, number>>) => Promise<Omit<ServerPlan, 'name' | 'directory' | 'ports'>>,
  { keeper, log }: { readonly keeper: Keeper; readonly log: Log },
): Promise<Readonly<Record<string, number>>> {
  await endLeftover(directory);
  const machineLock = join(tmpdir(), `reft-${userInfo().uid}-${name.toLowerCase()}-ports.lock`);
  return withLock(machineLock, log, async () => {
    const ports = await choosePorts(customaryPorts, (await readRecord(directory))?.ports);
    await startServer({ ...(await planFor(ports)), name, directory, ports }, keeper);
    return ports;
  });
}
