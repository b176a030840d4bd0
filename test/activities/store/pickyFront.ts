/**
 * A front of a real S3 server that knows less, allows less or stands elsewhere, as the servers and the rights of other people do.
 * Everything it does not refuse goes to the server as it came, so signatures, answers and objects are the real ones.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface Asked {
  readonly method: string;
  /** With the query: `/reft/objects/…`. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

export interface Front {
  readonly endpoint: string;
  readonly port: number;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** A refusal: the status and the code that S3 would answer with; undefined where the request goes on. */
export type Rule = (request: Asked) => readonly [status: number, code: string] | undefined;

export interface FrontOptions {
  readonly rules: readonly Rule[];
  /** Answers 403 where the server says that there is no such object, as Amazon does to whoever may not list. */
  readonly hidesMissing?: boolean;
  /** With the certificate of `test/support/certificates`. */
  readonly isSecure?: boolean;
}

const notImplemented = [501, 'NotImplemented'] as const;
const denied = [403, 'AccessDenied'] as const;

export const rules = {
  /** As before 2025, most servers: no checksum but MD5. */
  noChecksums: ({ headers }) =>
    Object.keys(headers).some((name) => /^x-amz-(checksum|sdk-checksum|trailer)/.test(name))
      ? notImplemented
      : undefined,
  /** Checksums of whole objects only. */
  noChecksumsOfParts: ({ url, headers }) =>
    /[?&](uploads|uploadId)\b/.test(url) &&
    Object.keys(headers).some((name) => /^x-amz-(checksum|sdk-checksum)/.test(name))
      ? notImplemented
      : undefined,
  noConditions: ({ headers }) => (headers['if-none-match'] ? notImplemented : undefined),
  /** In this host's name there has to be a bucket. */
  noPaths: ({ headers }) => (/^s3\./.test(headers.host ?? '') ? [403, 'SecondLevelDomainForbidden'] : undefined),
  mayNotList: ({ method, url }) =>
    (method === 'GET' && /[?&](list-type|uploads|prefix)\b/.test(url)) ||
    (method === 'HEAD' && !/^\/[^/?]+\/./.test(url))
      ? denied
      : undefined,
  mayNotDelete: ({ method, url }) => (method === 'DELETE' && !url.includes('uploadId=') ? denied : undefined),
  noParts: ({ url }) => (/[?&](uploads|uploadId)\b/.test(url) ? notImplemented : undefined),
} as const satisfies Readonly<Record<string, Rule>>;

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../../support/certificates/${name}`, import.meta.url));

/** @param endpoint of the real server */
export async function startFront(endpoint: string, options: FrontOptions): Promise<Front> {
  const target = new URL(endpoint);
  const asked: Asked[] = [];

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request;
    const heard = { method, url, headers };
    asked.push(heard);
    const refusal = options.rules.map((rule) => rule(heard)).find((one) => one !== undefined);
    if (refusal !== undefined) {
      request.resume();
      refuse(response, method, ...refusal);
      return;
    }
    const onward = send({ host: target.hostname, port: target.port, path: url, method, headers }, (found) => {
      if (options.hidesMissing && found.statusCode === 404 && ['GET', 'HEAD'].includes(method)) {
        found.resume();
        refuse(response, method, ...denied);
        return;
      }
      // Whether a connection is kept is each server's own matter.
      const { connection: _, ...headers } = found.headers;
      response.writeHead(found.statusCode ?? 502, headers);
      found.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }

  const server = options.isSecure
    ? createSecureServer({ cert: certificate('server.pem'), key: certificate('server-key.pem') }, answer)
    : createServer(answer);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `${options.isSecure ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    asked,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function refuse(response: ServerResponse, method: string, status: number, code: string): void {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>refused by the front</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(method === 'HEAD' ? '' : body);
}
