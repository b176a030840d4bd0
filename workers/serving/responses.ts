/** OpenAI's forms of answers: whole, as chunks of a stream, and errors. Pure. */
import type { RequestError } from './requests.js';
import type { Piece } from './textStream.js';

/** An answer, or a part of one. */
export interface Part {
  readonly index: number;
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Null of a part that others follow. */
  readonly reason: 'stop' | 'length' | null;
}

export interface Header {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

export interface Form {
  /** How ids begin. */
  readonly prefix: string;
  /** @param isFirst of the parts of an answer */
  chunk(header: Header, part: Part, isFirst: boolean, logProbs: boolean): object;
  whole(header: Header, parts: readonly Part[], usage: object, logProbs: boolean): object;
  /** The chunk with the usage, at the end of a stream. */
  usageChunk(header: Header, usage: object): object;
}

export const chatForm: Form = {
  prefix: 'chatcmpl',
  chunk: (header, { index, text, pieces, reason }, isFirst, logProbs) => ({
    ...header,
    object: 'chat.completion.chunk',
    choices: [
      {
        index,
        delta: { ...(isFirst ? { role: 'assistant' } : {}), ...(text === '' && !isFirst ? {} : { content: text }) },
        logprobs: logProbs ? chatLogProbs(pieces) : null,
        finish_reason: reason,
      },
    ],
  }),
  whole: (header, parts, usage, logProbs) => ({
    ...header,
    object: 'chat.completion',
    choices: parts.map(({ index, text, pieces, reason }) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs: logProbs ? chatLogProbs(pieces) : null,
      finish_reason: reason,
    })),
    usage,
  }),
  usageChunk: (header, usage) => ({ ...header, object: 'chat.completion.chunk', choices: [], usage }),
};

export const completionForm: Form = {
  prefix: 'cmpl',
  chunk: (header, part, _, logProbs) => ({
    ...header,
    object: 'text_completion',
    choices: [completionChoice(part, logProbs)],
  }),
  whole: (header, parts, usage, logProbs) => ({
    ...header,
    object: 'text_completion',
    choices: parts.map((part) => completionChoice(part, logProbs)),
    usage,
  }),
  usageChunk: (header, usage) => ({ ...header, object: 'text_completion', choices: [], usage }),
};

function chatLogProbs(pieces: readonly Piece[]): object {
  return {
    content: pieces.map(({ text, logProb }) => ({
      token: text,
      logprob: logProb,
      bytes: [...Buffer.from(text)],
      top_logprobs: [],
    })),
    refusal: null,
  };
}

function completionChoice({ index, text, pieces, reason }: Part, logProbs: boolean): object {
  return {
    index,
    text,
    logprobs: logProbs
      ? {
          tokens: pieces.map((piece) => piece.text),
          token_logprobs: pieces.map(({ logProb }) => logProb),
          top_logprobs: null,
          text_offset: pieces.map(({ offset }) => offset),
        }
      : null,
    finish_reason: reason,
  };
}

export function usageOf(promptTokens: number, answerTokens: number): object {
  return { prompt_tokens: promptTokens, completion_tokens: answerTokens, total_tokens: promptTokens + answerTokens };
}

export function errorBody({ message, status, param, code }: RequestError): object {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message, type, param, code } };
}
