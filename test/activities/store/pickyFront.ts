/**
 * A front of a real S3 server that knows less, allows less, stands elsewhere or spoils what passes, as other people's servers do.
 * Everything it does not refuse goes to the server as it came, so signatures, answers and objects are the real ones.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Transform } from 'node:stream';
import { at } from '../../../activities/invariant.js';

export interface Asked {
  readonly method: string;
  /** With the query: `/reft/objects/…`. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** The client's port: equal for requests of one connection. */
  readonly connection: number | undefined;
}

export interface Front {
  readonly endpoint: string;
  readonly port: number;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** What S3 would answer in place of the server: a status and a code, and what else stands in the body and the head. */
type Refusal = readonly [
  status: number,
  code: string,
  more?: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> },
];

/** A refusal; undefined where the request goes on. */
export type Rule = (request: Asked) => Refusal | undefined;

export interface FrontOptions {
  readonly rules: readonly Rule[];
  /** Answers 403 where the server says that there is no such object, as Amazon does to whoever may not list. */
  readonly hidesMissing?: boolean;
  /** With the certificate of `test/support/certificates`. */
  readonly isSecure?: boolean;
  /** Whether the answer passes with one bit of its content changed. */
  readonly flips?: (request: Asked) => boolean;
  /** Whether the connection is closed in the middle of the answer. */
  readonly cuts?: (request: Asked) => boolean;
  /** Whether what is sent to the server passes with one bit changed. */
  readonly flipsSent?: (request: Asked) => boolean;
  /** Keeps no list of what it was asked: for hours of use. */
  readonly forgets?: boolean;
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
  /** Takes the condition for a header that it does not know: what would be written is told as written. */
  overlooksConditions: ({ method, headers }) => (method === 'PUT' && headers['if-none-match'] ? [200, ''] : undefined),
  /** Other words for a checksum that is not known. */
  invalidChecksums: ({ headers }) =>
    Object.keys(headers).some((name) => /^x-amz-(checksum|trailer)/.test(name)) ? [400, 'InvalidRequest'] : undefined,
  /** In the body, as most servers tell it. */
  wantsRegion: ({ headers }) =>
    isSignedFor(headers, 'us-east-1')
      ? undefined
      : [400, 'AuthorizationHeaderMalformed', { body: '<Region>us-east-1</Region>' }],
  /** In the head, as Amazon tells of a bucket that lies elsewhere. */
  isElsewhere: ({ headers }) =>
    isSignedFor(headers, 'us-east-1')
      ? undefined
      : [301, 'PermanentRedirect', { headers: { 'x-amz-bucket-region': 'us-east-1' } }],
  otherClock: () => [403, 'RequestTimeTooSkewed'],
} as const satisfies Readonly<Record<string, Rule>>;

function isSignedFor({ authorization }: IncomingMessage['headers'], region: string): boolean {
  return authorization?.includes(`/${region}/s3/`) === true;
}

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../../support/certificates/${name}`, import.meta.url));

/** @param endpoint of the real server */
export async function startFront(endpoint: string, options: FrontOptions): Promise<Front> {
  const target = new URL(endpoint);
  const asked: Asked[] = [];

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request;
    const heard = { method, url, headers, connection: request.socket.remotePort };
    if (!options.forgets) asked.push(heard);
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
      if (options.cuts?.(heard)) cutOff(found, response);
      else if (options.flips?.(heard)) found.pipe(flipBit()).pipe(response);
      else found.pipe(response);
    });
    onward.on('error', () => response.destroy());
    if (options.flipsSent?.(heard)) request.pipe(flipBit()).pipe(onward);
    else request.pipe(onward);
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

/** Changes the last bit of the first byte that passes. */
function flipBit(): Transform {
  let isDone = false;
  return new Transform({
    transform(chunk: Buffer, _, pass) {
      if (!isDone) chunk[0] = at(chunk, 0) ^ 1;
      isDone = true;
      pass(null, chunk);
    },
  });
}

/** Half of the first piece of the body passes; then the connection ends. */
function cutOff(found: IncomingMessage, response: ServerResponse): void {
  found.once('data', (chunk: Buffer) => {
    response.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => response.socket?.destroy());
    found.destroy();
  });
  found.once('end', () => response.socket?.destroy());
}

function refuse(response: ServerResponse, method: string, ...[status, code, more = {}]: Refusal): void {
  const { body = '', headers } = more;
  const error = `<Error><Code>${code}</Code><Message>refused by the front</Message>${body}</Error>`;
  const hasBody = method !== 'HEAD' && status !== 200;
  response
    .writeHead(status, { 'content-type': 'application/xml', ...headers })
    .end(hasBody ? `<?xml version="1.0"?>${error}` : '');
}
