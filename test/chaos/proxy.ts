/** A proxy of connections before a server, Temporal's or S3: it passes bytes on as they are, until it is told to disturb them. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const loopback = '127.0.0.1';

export interface ServerProxy {
  readonly port: number;
  /** Ends every connection by a TCP reset, in the middle of whatever passes. @returns how many there were */
  reset(): number;
  /** Resets every connection, and refuses new ones until the function it returns is called. */
  shut(): () => void;
  /** Holds up every piece of data for `milliseconds`, in both directions, until the function it returns is called. */
  slow(milliseconds: number): () => void;
  close(): Promise<void>;
}

/** @param target the server's port on the loopback address */
export async function startProxy(target: number): Promise<ServerProxy> {
  const sockets = new Set<Socket>();
  // More than one disturbance at a time may be under way.
  const lags = new Set<{ readonly milliseconds: number }>();
  let shutters = 0;

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  }

  async function pass(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from) {
      for (const { milliseconds } of lags) await sleep(milliseconds);
      if (!to.write(chunk)) await once(to, 'drain');
    }
    to.end();
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    keep(client);
    if (shutters > 0) {
      client.resetAndDestroy();
      return;
    }
    const onward = keep(connect({ port: target, host: loopback, allowHalfOpen: true, noDelay: true }));
    const end = (): void => {
      client.resetAndDestroy();
      onward.resetAndDestroy();
    };
    onward.on('error', end);
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ] as const)
      pass(from, to).catch(end);
  });
  server.listen(0, loopback);
  await once(server, 'listening');

  function reset(): number {
    const held = [...sockets];
    for (const socket of held) socket.resetAndDestroy();
    // Each passes between two sockets.
    return Math.ceil(held.length / 2);
  }

  return {
    port: (server.address() as AddressInfo).port,
    reset,
    shut() {
      shutters += 1;
      reset();
      return () => {
        shutters -= 1;
      };
    },
    slow(milliseconds) {
      const lag = { milliseconds };
      lags.add(lag);
      return () => {
        lags.delete(lag);
      };
    },
    async close() {
      server.close();
      reset();
      await once(server, 'close');
    },
  };
}
