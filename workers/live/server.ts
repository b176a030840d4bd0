/**
 * The server of the live reports: `/` lists what runs, `/runs/<id>` is a run's page, `/compare?run=<id>&run=<id>` has several side by side. It only reads, listens on the loopback address, and
 * answers who asks for it by that address's names: a page of the web that is sent here by a name of its own choosing gets nothing.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { messageOf } from '../../activities/errors.js';
import { type Listening, listen } from '../../infra/process/listen.js';
import { isLoopbackHost } from '../../infra/process/ports.js';
import { UsageError } from '../command/usageError.js';
import { log } from '../log.js';
import { tokenHeader } from './address.js';

export interface LivePages {
  list(): Promise<string>;
  /** Undefined where there is no run of this id. */
  run(id: string): Promise<string | Uint8Array | undefined>;
  /** @throws UsageError for runs that are not there, or too few or too many */
  compare(ids: readonly string[]): Promise<string>;
}

export interface LiveServer extends Listening {
  /** In the header `x-reft-live` of its answers. */
  readonly token: string;
}

/** A page may ask for nothing beside what its own policy names, be shown in no other page, and be kept nowhere. */
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

/** @param port 0 takes a free one. */
export async function startLiveServer(pages: LivePages, port: number): Promise<LiveServer> {
  const token = randomUUID();
  const server = createServer((request, response) => {
    answer(pages, token, request, response).catch((error: unknown) => {
      if (error instanceof UsageError) return refuse(response, 400, error.message);
      log('warn', 'a live report cannot be told', { error });
      refuse(response, 503, messageOf(error));
    });
  });
  return { token, ...(await listen(server, port)) };
}

async function answer(
  pages: LivePages,
  token: string,
  { method, url = '/', headers: { host = '' } }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isLoopbackHost(host)) return refuse(response, 403, `not asked for as ${host}`);
  if (method !== 'GET' && method !== 'HEAD') return refuse(response, 405, 'allowed is GET');
  response.setHeader(tokenHeader, token);
  // Whoever only asks whether it is there.
  if (method === 'HEAD') return void response.writeHead(200, headers).end();
  const [path = '', query] = url.split('?', 2);
  const [, named] = /^\/runs\/([^/]+)$/.exec(path) ?? [];
  const id = named === undefined ? undefined : readId(named);
  const find = async () => {
    if (path === '/') return pages.list();
    if (path === '/compare') return pages.compare(new URLSearchParams(query).getAll('run'));
    return id === undefined ? undefined : pages.run(id);
  };
  const page = await find();
  if (page === undefined) return refuse(response, 404, id === undefined ? 'no such page' : `There is no run "${id}"`);
  response.writeHead(200, headers).end(page);
}

/** Undefined where it is not encoded as addresses are. */
function readId(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** As text: nothing in it is read as a page. */
function refuse(response: ServerResponse, status: number, message: string): void {
  if (!response.headersSent) response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${message}\n`);
}
