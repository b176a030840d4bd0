/**
 * A forward proxy on the loopback address, as companies have them: it tunnels (`CONNECT`) and passes on plain requests sent to it
 * with a whole address. Every name leads to the loopback address, so that tests may use names which no resolver knows.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ForwardProxy {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** What it was asked for, in order: `CONNECT host:port`, `GET http://host:port/path`. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** @param account `user:password` that requests have to bring; anyone may use it when left out. */
export async function startForwardProxy(account?: string): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  const wanted = account && `Basic ${Buffer.from(account).toString('base64')}`;
  const isAllowed = ({ headers }: IncomingMessage): boolean => !wanted || headers['proxy-authorization'] === wanted;

  const server = createServer((request, response) => passOn(request, response));
  // A client that waits to be asked for its body is asked by the server behind, whose answer the proxy passes on.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => passOn(request, response));
  server.on('connection', (socket: Socket) => keep(socket));
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    asked.push(`CONNECT ${request.url}`);
    if (!isAllowed(request)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const port = Number(request.url?.split(':').at(-1));
    const target = keep(connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 Connection Established\r\n\r\n')));
    target.write(head);
    target.pipe(client).pipe(target);
  });

  function keep<Kind extends Duplex>(socket: Kind): Kind {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    return socket;
  }

  function passOn(request: IncomingMessage, response: ServerResponse): void {
    asked.push(`${request.method} ${request.url}`);
    if (!isAllowed(request)) {
      response.writeHead(407).end();
      return;
    }
    const { port, pathname, search } = new URL(request.url ?? '');
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = request.headers;
    const options = { port, host: '127.0.0.1', path: `${pathname}${search}`, method: request.method, headers };
    const onward = send(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('continue', () => response.writeContinue());
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
