/**
 * A codec server: decrypts payloads for Temporal's UI and command-line tool, and encrypts what they send. It has the keys, so it listens
 * on the loopback address and answers pages of the UI's origin only.
 *
 * The protocol is Temporal's (https://docs.temporal.io/codec-server): POST `/encode` and `/decode`, with payloads as protobuf's JSON.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { InvalidSettings, MissingCodecKey, messageOf } from '../../../activities/errors.js';
import { type Listening, listen } from '../../process/listen.js';
import { isLoopbackHost } from '../../process/ports.js';

export interface CodecServerOptions {
  readonly codec: PayloadCodec;
  /** 0: any that is free. */
  readonly port: number;
  /** Of the pages that may ask, such as `http://127.0.0.1:8233`. Programs that are no browsers tell no origin, and may ask. */
  readonly origins: readonly string[];
}

/** Temporal's own limit of a message is 4 MB; a page of a history has many. */
const mostBytes = 64 * 2 ** 20;

const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/);
const bodySchema = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), base64).optional(), data: base64.optional() })),
});
type Body = z.output<typeof bodySchema>;

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** @throws InvalidSettings when the port is taken */
export async function startCodecServer({ codec, port, origins }: CodecServerOptions): Promise<Listening> {
  const server = createServer((request, response) => {
    answer(codec, origins, request, response).catch((error: unknown) => {
      const status = error instanceof Refused ? error.status : error instanceof MissingCodecKey ? 400 : 500;
      if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(messageOf(error));
      // What is still being sent is not read.
      if (status === 413) request.destroy();
    });
  });
  return listen(server, port).catch((error: unknown) => {
    throw new InvalidSettings(`the codec server cannot listen on port ${port}: ${messageOf(error)}`);
  });
}

async function answer(
  codec: PayloadCodec,
  origins: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { origin, host = '' } = request.headers;
  // Whatever origin it tells.
  if (!isLoopbackHost(host)) throw new Refused(403, `not asked for as ${host}`);
  if (origin !== undefined && !origins.includes(origin)) throw new Refused(403, `pages of ${origin} may not ask`);
  response.setHeader('vary', 'origin');
  if (origin !== undefined) response.setHeader('access-control-allow-origin', origin);
  if (request.method === 'OPTIONS') {
    response.writeHead(204, {
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type, x-namespace, authorization',
      // A UI elsewhere asks the browser for leave to reach this machine.
      'access-control-allow-private-network': 'true',
      'access-control-max-age': '600',
    });
    response.end();
    return;
  }
  const [, verb] = /\/(encode|decode)$/.exec(request.url?.split('?')[0] ?? '') ?? [];
  if (verb === undefined) throw new Refused(404, 'there are /encode and /decode');
  if (request.method !== 'POST') throw new Refused(405, 'allowed is POST');
  const given = await readBody(request);
  const made = await codec[verb === 'encode' ? 'encode' : 'decode'](given.payloads.map(fromJson));
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ payloads: made.map(toJson) }));
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Refused(413, `allowed are ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return bodySchema.parse(JSON.parse(Buffer.concat(chunks).toString()));
  } catch {
    throw new Refused(
      400,
      'the body is no JSON of payloads: {"payloads": [{"metadata": {…}, "data": "…"}]}, bytes in base64',
    );
  }
}

function fromJson({ metadata = {}, data = '' }: Body['payloads'][number]): Payload {
  const entries = Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')]);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data, 'base64') };
}

function toJson({ metadata, data }: Payload): Body['payloads'][number] {
  const entries = Object.entries(metadata ?? {}).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? []).toString('base64') };
}
