/** HTTP servers of our own: from listening to the end. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { required } from '../../activities/invariant.js';
import { loopback } from './ports.js';

export interface Listening {
  /** `http://127.0.0.1:8236`. */
  readonly address: string;
  /** Cuts off whoever is connected. */
  close(): Promise<void>;
}

/**
 * @param port 0 takes a free one
 * @throws Error of Node when nothing can listen there
 */
export async function listen(server: Server, port: number, host: string = loopback): Promise<Listening> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = required(server.address(), 'the address of a server that listens');
  const chosen = typeof address === 'string' ? port : address.port;
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
