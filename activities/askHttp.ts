/**
 * Asks a scorer over HTTP: one batch, one POST, tried again with growing pauses while what is wrong may pass.
 *
 * The table in rewards/WRITE_A_REWARD.md says which status and which body is what. The value of the header that the specification
 * names is read here, from the worker's environment, and stays here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidReward, messageOf, ScorerRefused, ScorerUnavailable } from './errors.js';
import { fetchFromWeb } from './network/fetch.js';
import { type HttpScorer, parseReply, type Scorers } from './rewards/scorers.js';

/** Far more than the scores of the largest batch. */
const mostReplyBytes = 16 * 2 ** 20;
const firstPauseMs = 1_000;
/** A scorer that asks for a longer pause gets it from Temporal, between attempts. */
const longestPauseMs = 30_000;

/** A try that failed for a reason that may pass. */
interface Failed {
  readonly problem: string;
  /** What the scorer asked for in `Retry-After`. */
  readonly pauseMs?: number;
}

/** @param environment the worker's, which has the header's value */
export function createAskHttp(environment: NodeJS.ProcessEnv): Scorers['http'] {
  return async (scorer, request, { hash, signal }) => {
    const secret = secretOf(scorer, environment);
    const call: Call = {
      ...scorer,
      secret,
      signal,
      body: JSON.stringify(request),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'idempotency-key': hash,
        ...(scorer.header && { [scorer.header.name]: secret }),
      },
    };
    for (let tries = 1; ; tries++) {
      const outcome = await send(call);
      if ('reply' in outcome) return outcome.reply;
      const { problem, pauseMs } = outcome;
      const pause = Math.max(pauseMs ?? 0, Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)));
      if (tries >= scorer.tries || pause > longestPauseMs)
        throw new ScorerUnavailable(`${nameOf(scorer)}: ${problem} (tried ${tries}×)`, pauseMs);
      await sleep(pause, undefined, { signal });
    }
  };
}

interface Call extends HttpScorer {
  readonly secret: string;
  readonly signal: AbortSignal;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function send(call: Call): Promise<{ readonly reply: unknown } | Failed> {
  const { url, timeoutSeconds, signal, body, headers } = call;
  const timeout = AbortSignal.timeout(timeoutSeconds * 1_000);
  let response: Response;
  let text: string | null;
  try {
    // Another address is not followed: the header's value is for this one.
    const redirect = 'manual';
    response = await fetchFromWeb(url, {
      method: 'POST',
      redirect,
      body,
      headers,
      signal: AbortSignal.any([signal, timeout]),
    });
    text = await readText(response);
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) return { problem: `no answer within ${timeoutSeconds} s` };
    return { problem: `the connection failed: ${causeOf(error)}` };
  }
  const { status } = response;
  if (text === null)
    throw new InvalidReward(`${nameOf(call)} answered more than ${mostReplyBytes} bytes (status ${status})`);
  const said = `status ${status}${text === '' ? '' : `: ${hide(text.slice(0, 200), call)}`}`;
  if (mayPass(status)) return { problem: said, ...pauseAsked(response) };
  if (!response.ok) throw new ScorerRefused(`${nameOf(call)}: ${said}`);
  try {
    return { reply: parseReply(text) };
  } catch (error) {
    // A body without a length may have been cut.
    return { problem: `the answer is no JSON: ${hide(messageOf(error), call)}` };
  }
}

function mayPass(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/** Null when it is longer than a reply may be. */
async function readText({ body }: Response): Promise<string | null> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > mostReplyBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** `Retry-After` is in seconds, or a date. */
function pauseAsked({ headers }: Response): Pick<Failed, 'pauseMs'> {
  const text = headers.get('retry-after');
  if (text === null) return {};
  const pauseMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(pauseMs) && pauseMs > 0 ? { pauseMs } : {};
}

function secretOf({ url, header }: HttpScorer, environment: NodeJS.ProcessEnv): string {
  if (header === null) return '';
  const value = environment[header.variable];
  if (value) return value;
  // Another worker may have it, and this one after a restart.
  throw new ScorerUnavailable(
    `${nameOf({ url })}: the environment variable ${header.variable} of the worker is not set`,
  );
}

/** `scorer http://host/path`: the query may hold what is nobody's business. */
function nameOf({ url }: Pick<HttpScorer, 'url'>): string {
  const { origin, pathname } = new URL(url);
  return `scorer ${origin}${pathname}`;
}

function hide(text: string, { secret }: Call): string {
  return secret === '' ? text : text.replaceAll(secret, '…');
}

/** `ECONNREFUSED`, or what else is behind `fetch failed`. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return messageOf(cause);
}
