/**
 * A front of Temporal's server as others run theirs: TLS with a certificate of `certificates/`, with client certificates or an API key
 * where asked for, and only some calls let through. The development server knows none of it.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect, constants, createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { required } from '../../activities/invariant.js';

export const certificatePath = (name: 'authority' | 'server' | 'server-key' | 'client' | 'client-key'): string =>
  fileURLToPath(new URL(`./certificates/${name}.pem`, import.meta.url));

export interface FrontOptions {
  /** Only clients that show the certificate `client` are let in. */
  readonly wantsCertificate?: boolean;
  /** Only calls with it are let through. */
  readonly apiKey?: string;
  /** Calls that are let through, such as `PollActivityTaskQueue`; left out, all are. */
  readonly allowed?: ReadonlySet<string>;
}

export interface TemporalFront {
  /** `localhost:port` */
  readonly address: string;
  /** Calls that were let through. */
  readonly calls: ReadonlySet<string>;
  /** Those that are not allowed. */
  readonly refused: ReadonlySet<string>;
  close(): Promise<void>;
}

const status = { unauthenticated: 16, permissionDenied: 7 } as const;

/** @param target `host:port` of a server that speaks plain text */
export async function startTemporalFront(target: string, options: FrontOptions = {}): Promise<TemporalFront> {
  const { wantsCertificate = false, apiKey, allowed } = options;
  const [calls, refused] = [new Set<string>(), new Set<string>()];
  let behind: ClientHttp2Session | undefined;
  /** The server ends connections that are idle, or old. */
  const onward = (): ClientHttp2Session => {
    if (behind === undefined || behind.closed || behind.destroyed) {
      behind = connect(`http://${target}`);
      // Requests that it breaks fail by themselves.
      behind.on('error', () => undefined);
    }
    return behind;
  };
  const server = createSecureServer({
    key: readFileSync(certificatePath('server-key')),
    cert: readFileSync(certificatePath('server')),
    ...(wantsCertificate
      ? { requestCert: true, rejectUnauthorized: true, ca: readFileSync(certificatePath('client')) }
      : {}),
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const call = required(headers[':path'], 'the path of a call').replace(/^.*\//, '');
    if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`)
      return refuse(stream, status.unauthenticated);
    if (allowed !== undefined && !allowed.has(call)) {
      refused.add(call);
      return refuse(stream, status.permissionDenied);
    }
    calls.add(call);
    forward(onward(), stream, { ...headers, ':scheme': 'http' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  return {
    address: `localhost:${address.port}`,
    calls,
    refused,
    async close() {
      for (const session of sessions) session.destroy();
      behind?.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refuse(stream: ServerHttp2Stream, code: number): void {
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(code) };
  stream.respond(headers, { endStream: true });
}

function forward(behind: ClientHttp2Session, stream: ServerHttp2Stream, headers: Record<string, unknown>): void {
  const request = behind.request(headers as never);
  request.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  stream.once('close', () => request.close(constants.NGHTTP2_CANCEL));
  let trailers = {};
  request.on('trailers', (found) => {
    trailers = found;
  });
  request.on('response', (found, flags) => {
    if (stream.destroyed) return;
    // An error has its status in the head, and no more.
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) return stream.respond(found, { endStream: true });
    stream.respond(found, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers(trailers));
    request.pipe(stream);
  });
  stream.pipe(request);
}
