/**
 * One POST of JSON to an address that a specification names: to no address that is refused, followed to no other, bounded in time and
 * size. What scorers (`askHttp.ts`) and annotators (`askAnnotator.ts`) are asked with; each says itself what a status means.
 */
import { messageOf } from '../errors.js';
import { refusalIn } from './addresses.js';
import { fetchFromWeb } from './fetch.js';

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From connecting to the last byte. */
  readonly timeoutSeconds: number;
  readonly mostReplyBytes: number;
  readonly signal: AbortSignal;
}

export interface Reply {
  readonly status: number;
  /** Null when it is longer than a reply may be. */
  readonly text: string | null;
  /** What `Retry-After` asks for. */
  readonly pauseMs?: number;
}

/** Why there is no reply: the address is refused, which no other try mends, or what may pass. */
export interface NoReply {
  readonly fault: 'refused-address' | 'timeout' | 'connection' | 'cut';
  readonly problem: string;
}

/** @throws the signal's reason once it is aborted */
export async function postJson(post: Post): Promise<Reply | NoReply> {
  const { url, headers, body, timeoutSeconds, mostReplyBytes, signal } = post;
  const timeout = AbortSignal.timeout(timeoutSeconds * 1_000);
  let begun = false;
  try {
    // Another address is not followed: what the headers hold is for this one.
    const response = await fetchFromWeb(url, {
      method: 'POST',
      redirect: 'manual',
      body,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      signal: AbortSignal.any([signal, timeout]),
    });
    begun = true;
    const text = await readText(response, mostReplyBytes);
    return { status: response.status, text, ...pauseAsked(response) };
  } catch (error) {
    signal.throwIfAborted();
    const refusal = refusalIn(error);
    if (refusal) return { fault: 'refused-address', problem: refusal.message };
    if (timeout.aborted) return { fault: 'timeout', problem: `no answer within ${timeoutSeconds} s` };
    return { fault: begun ? 'cut' : 'connection', problem: `the connection failed: ${causeOf(error)}` };
  }
}

/** Whether a request that was answered so may be answered otherwise later. */
export function mayPass(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/** `http://host/path`: the query may hold what is nobody's business. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/** What a stranger said, for a message: its beginning, without the secret that it may have been sent. */
export function quoted(text: string, secret: string): string {
  const start = text.slice(0, 200);
  return secret === '' ? start : start.replaceAll(secret, '…');
}

async function readText({ body }: Response, mostBytes: number): Promise<string | null> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** `Retry-After` is in seconds, or a date. */
function pauseAsked({ headers }: Response): Pick<Reply, 'pauseMs'> {
  const text = headers.get('retry-after');
  if (text === null) return {};
  const pauseMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(pauseMs) && pauseMs > 0 ? { pauseMs } : {};
}

/** `ECONNREFUSED`, or what else is behind `fetch failed`. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return messageOf(cause);
}
