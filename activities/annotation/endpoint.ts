/**
 * Asks an endpoint for one answer, as often as it takes: what may pass is tried again with growing pauses, being told to wait is waited
 * for, and what a person has to mend is told as `AnnotatorUnavailable`. Every fault is counted by its reason.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EndpointSpec } from '../../workflows/config/annotation.js';
import { AnnotatorRefused, AnnotatorUnavailable } from '../errors.js';
import { mayPass, type NoReply, placeOf, postJson, quoted, type Reply } from '../network/postJson.js';
import {
  type ChatMessage,
  type ChatRequest,
  type Completion,
  isOutOfQuota,
  type ReplyFault,
  readCompletion,
} from './chatCompletion.js';
import type { Concurrency } from './concurrency.js';

/** What can be wrong with a try. */
export type Fault =
  | ReplyFault
  | Exclude<NoReply['fault'], 'refused-address'>
  | 'rate-limited'
  | 'server-error'
  | 'too-long';

/** Why a request has no answer: the endpoint refuses it, or failed at it again and again. */
export type Unanswered = 'refused' | 'given-up';

export type Outcome = { readonly completion: Completion } | { readonly unanswered: Unanswered };

export interface Endpoint {
  /** @throws AnnotatorUnavailable, and once every request so far was refused AnnotatorRefused */
  ask(request: ChatRequest, messages: readonly ChatMessage[], hash: string): Promise<Outcome>;
  /** Faults so far, by reason. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** Far more than any answer. */
const mostReplyBytes = 16 * 2 ** 20;
/** So many refusals before the first answer are no accident of some questions. */
const surelyRefused = 8;

/** @param environment the worker's, which has the key */
export function openEndpoint(
  spec: EndpointSpec,
  environment: NodeJS.ProcessEnv,
  concurrency: Concurrency,
  signal: AbortSignal,
): Endpoint {
  const url = `${spec.url}/chat/completions`;
  const name = `annotator ${spec.model} at ${placeOf(url)}`;
  const key = keyOf(spec, name, environment);
  const faults: Partial<Record<Fault, number>> = {};
  let answered = 0;
  let refused = 0;

  const noteFault = (fault: Fault): void => {
    faults[fault] = (faults[fault] ?? 0) + 1;
  };

  /** Null where it is to be tried again. */
  function judge({ status, text }: Reply, messages: readonly ChatMessage[]): Outcome | { readonly fault: Fault } {
    if (text === null) return { fault: 'too-long' };
    const said = `status ${status}${text === '' ? '' : `: ${quoted(text, key)}`}`;
    if (status === 429 && isOutOfQuota(text)) throw new AnnotatorUnavailable(`${name}: ${said}`);
    if (status === 429) return { fault: 'rate-limited' };
    if (mayPass(status)) return { fault: 'server-error' };
    if ([401, 402, 403, 404].includes(status)) throw new AnnotatorUnavailable(`${name}: ${said}`);
    if (status < 200 || status > 299) {
      refused += 1;
      if (answered === 0 && refused >= surelyRefused) throw new AnnotatorRefused(`${name}: ${said}`);
      return { unanswered: 'refused' };
    }
    return readCompletion(text, messages);
  }

  return {
    faults,
    async ask(request, messages, hash) {
      const before = answered;
      const body = JSON.stringify(request);
      const headers = { 'idempotency-key': hash, ...(key === '' ? {} : { authorization: `Bearer ${key}` }) };
      const { timeoutSeconds } = spec;
      for (let tries = 1; ; ) {
        const begunAt = performance.now();
        const received = await postJson({ url, headers, body, timeoutSeconds, mostReplyBytes, signal });
        if ('fault' in received && received.fault === 'refused-address')
          throw new AnnotatorRefused(`${name}: ${received.problem}`);
        const outcome = 'fault' in received ? (received as { readonly fault: Fault }) : judge(received, messages);
        if (!('fault' in outcome)) {
          if ('completion' in outcome) {
            answered += 1;
            concurrency.succeeded();
          }
          return outcome;
        }
        const { fault } = outcome;
        noteFault(fault);
        const asked = 'pauseMs' in received ? received.pauseMs : undefined;
        const grown = Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
        if (slowing.includes(fault)) concurrency.overloaded(begunAt, performance.now(), asked ?? grown);
        // To be told to wait is no failure, as long as others are answered.
        const isTold = fault === 'rate-limited' && (asked !== undefined || answered > before);
        if (!isTold) tries += 1;
        if (tries > spec.tries) {
          if (answered > before) return { unanswered: 'given-up' };
          const problem = 'problem' in received ? received.problem : `status ${received.status}, ${fault}`;
          throw new AnnotatorUnavailable(`${name}: ${problem} (tried ${spec.tries}×)`);
        }
        await sleep(Math.max(asked ?? 0, grown), undefined, { signal });
      }
    },
  };
}

/** Signs that there are too many at once. */
const slowing: readonly Fault[] = ['rate-limited', 'server-error', 'timeout', 'connection'];

function keyOf({ key }: EndpointSpec, name: string, environment: NodeJS.ProcessEnv): string {
  if (key === null) return '';
  const value = environment[key];
  if (value) return value;
  // Another worker may have it, and this one after a restart.
  throw new AnnotatorUnavailable(`${name}: the environment variable ${key} of the worker is not set`);
}
