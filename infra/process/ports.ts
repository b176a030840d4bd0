/** Servers on the loopback address: what they may be called, and free ports: the remembered ones first, then the customary ones, then any. */
import getPort, { clearLockedPorts } from 'get-port';

export const loopback = '127.0.0.1';

const loopbackHost = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** Whether a request's header `Host` names this machine: whoever is sent here by a name of its own choosing is a page of the web. */
export function isLoopbackHost(host: string): boolean {
  return loopbackHost.test(host);
}

/**
 * One free port for each name.
 * @param customary the port to prefer, by name; 0 for any
 * @param remembered ports of an earlier start, preferred over the customary ones
 */
export async function choosePorts<Name extends string>(
  customary: Readonly<Record<Name, number>>,
  remembered: Readonly<Record<string, number>> = {},
): Promise<Record<Name, number>> {
  // get-port withholds a port it gave for half a minute: a server started again would lose its address.
  clearLockedPorts();
  const chosen: Partial<Record<Name, number>> = {};
  const taken = new Set<number>();
  for (const name of Object.keys(customary) as Name[]) {
    const preferred = [remembered[name], customary[name]]
      .filter((port) => port !== undefined)
      .filter((port) => port !== 0);
    const port = await getPort({ host: loopback, port: preferred, exclude: taken });
    taken.add(port);
    chosen[name] = port;
  }
  return chosen as Record<Name, number>;
}
