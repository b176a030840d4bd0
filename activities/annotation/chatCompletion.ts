/**
 * The form of OpenAI's `/v1/chat/completions`, as far as it is used here: the request for one answer, and what is read of the reply. Other
 * servers (vLLM, llama.cpp, Ollama, …) speak it too, with more or fewer fields. Pure.
 */
import { z } from 'zod';
import type { EndpointSpec } from '../../workflows/config/annotation.js';
import { parseForeignJson } from '../foreignJson.js';
import type { Usage } from './ledger.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What an answer follows from: a request's body. */
export type ChatRequest = Readonly<Record<string, unknown>>;

/** How an answer ended: by itself, at the limit of tokens, or withheld by the endpoint. */
export type Ending = 'stop' | 'length' | 'content-filter';

/** One answer, as it is kept. */
export interface Completion {
  readonly text: string;
  readonly ending: Ending;
  readonly usage: Usage;
  /** The endpoint did not say what the answer took: reckoned from its bytes. */
  readonly isEstimated: boolean;
}

export function chatRequest(
  { model, maxTokens, maxTokensField, extraBody }: EndpointSpec,
  messages: readonly ChatMessage[],
  temperature: number,
): ChatRequest {
  return { ...extraBody, model, messages, temperature, [maxTokensField]: maxTokens };
}

const mostBytesOfToken = 1;
/** Of English, and then some. */
const usualBytesOfToken = 3;
/** What a chat template writes around a message. */
const tokensAroundMessage = 16;

/** The most that a request can take: a token has a byte at least. */
export function worstUsage(messages: readonly ChatMessage[], maxTokens: number): Usage {
  return {
    requests: 1,
    promptTokens: promptBytes(messages) / mostBytesOfToken + tokensAroundMessage * (messages.length + 1),
    completionTokens: maxTokens,
  };
}

function promptBytes(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
}

const tokenCount = z.int().min(0);

const replySchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: tokenCount, completion_tokens: tokenCount }).nullish().catch(undefined),
});

/** What is wrong with a reply that is none. */
export type ReplyFault = 'not-json' | 'not-a-completion';

/** The answer in a reply of status 200; or what is wrong with it. Fields that are not known are passed over. */
export function readCompletion(
  text: string,
  messages: readonly ChatMessage[],
): { readonly completion: Completion } | { readonly fault: ReplyFault } {
  const read = parseForeignJson(text);
  if ('problem' in read) return { fault: 'not-json' };
  const { data } = replySchema.safeParse(read.value);
  const [choice] = data?.choices ?? [];
  if (data === undefined || choice === undefined) return { fault: 'not-a-completion' };
  const { content, refusal } = choice.message;
  const answer = content ?? '';
  const usage = data.usage ?? undefined;
  const ending: Ending =
    choice.finish_reason === 'length'
      ? 'length'
      : choice.finish_reason === 'content_filter' || (answer === '' && refusal)
        ? 'content-filter'
        : 'stop';
  return {
    completion: {
      text: answer,
      ending,
      usage: {
        requests: 1,
        promptTokens: usage?.prompt_tokens ?? Math.ceil(promptBytes(messages) / usualBytesOfToken),
        completionTokens: usage?.completion_tokens ?? Math.ceil(Buffer.byteLength(answer) / usualBytesOfToken),
      },
      isEstimated: usage === undefined,
    },
  };
}

const errorSchema = z.object({
  error: z.object({ code: z.unknown().optional(), type: z.unknown().optional() }),
});

/** Whether a refusal for too many requests is for an account that is used up: no pause mends that. */
export function isOutOfQuota(text: string): boolean {
  const read = parseForeignJson(text);
  const { data } = errorSchema.safeParse('value' in read ? read.value : undefined);
  return [data?.error.code, data?.error.type].some((word) => word === 'insufficient_quota');
}
