/**
 * Asks a scorer over HTTP: one batch, one POST, tried again with growing pauses while what is wrong may pass.
 *
 * The table in rewards/WRITE_A_REWARD.md says which status and which body is what. The value of the header that the specification
 * names is read here, from the worker's environment, and stays here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidReward, ScorerRefused, ScorerUnavailable } from './errors.js';
import { mayPass, type Post, placeOf, postJson, quoted } from './network/postJson.js';
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
    const post: Post = {
      url: scorer.url,
      timeoutSeconds: scorer.timeoutSeconds,
      mostReplyBytes,
      signal,
      body: JSON.stringify(request),
      headers: {
        'idempotency-key': hash,
        ...(scorer.header && { [scorer.header.name]: secret }),
      },
    };
    for (let tries = 1; ; tries++) {
      const outcome = await send(post, secret);
      if ('reply' in outcome) return outcome.reply;
      const { problem, pauseMs } = outcome;
      const pause = Math.max(pauseMs ?? 0, Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)));
      if (tries >= scorer.tries || pause > longestPauseMs)
        throw new ScorerUnavailable(`${nameOf(scorer)}: ${problem} (tried ${tries}×)`, pauseMs);
      await sleep(pause, undefined, { signal });
    }
  };
}

async function send(post: Post, secret: string): Promise<{ readonly reply: unknown } | Failed> {
  const received = await postJson(post);
  if ('fault' in received) {
    const { fault, problem } = received;
    if (fault === 'refused-address') throw new ScorerRefused(`${nameOf(post)}: ${problem}`);
    return { problem };
  }
  const { status, text, ...pause } = received;
  if (text === null)
    throw new InvalidReward(`${nameOf(post)} answered more than ${mostReplyBytes} bytes (status ${status})`);
  const said = `status ${status}${text === '' ? '' : `: ${quoted(text, secret)}`}`;
  if (mayPass(status)) return { problem: said, ...pause };
  if (status < 200 || status > 299) throw new ScorerRefused(`${nameOf(post)}: ${said}`);
  const read = parseReply(text);
  // A body without a length may have been cut.
  return 'value' in read ? { reply: read.value } : { problem: `the answer ${read.problem}` };
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

function nameOf({ url }: Pick<HttpScorer, 'url'>): string {
  return `scorer ${placeOf(url)}`;
}
