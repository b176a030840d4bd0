/**
 * The HTTP server of `reft serve`: OpenAI's `/v1/chat/completions`, `/v1/completions` and `/v1/models`, for one model. Requests are answered
 * one after the other, the answers to one in one batch; a client that leaves ends its request.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { InvalidData, messageOf } from '../../activities/errors.js';
import { readForeignJson } from '../../activities/foreignJson.js';
import { at } from '../../activities/invariant.js';
import { type Listening, listen } from '../../infra/process/listen.js';
import { log } from '../log.js';
import { complete, type Settings } from './complete.js';
import type { ServedModel } from './openModel.js';
import { type Prompt, promptOfChat, promptOfText } from './prompts.js';
import { chatSchema, completionSchema, RequestError, readRequest, settingsOf } from './requests.js';
import { chatForm, completionForm, errorBody, type Form, type Part, usageOf } from './responses.js';

const mostBodyBytes = 4 * 2 ** 20;
/** OpenAI's, where a completion says nothing. */
const usualCompletionTokens = 16;

interface Asked {
  readonly form: Form;
  /** Each is given `settings.n` answers. */
  readonly prompts: readonly Prompt[];
  readonly settings: Settings;
  readonly logProbs: boolean;
  readonly stream: boolean;
  readonly withUsage: boolean;
}

/** Listens at once; `port` 0 takes a free one. */
export async function startServer(model: ServedModel, host: string, port: number): Promise<Listening> {
  const created = Math.floor(Date.now() / 1_000);
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => refuse(response, error));
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const known = { id: model.name, object: 'model', created, owned_by: 'reft' };
    const route = `${request.method} ${pathname}`;
    if (route === 'GET /v1/models') return sendJson(response, 200, { object: 'list', data: [known] });
    if (route === `GET /v1/models/${encodeURIComponent(model.name)}`) return sendJson(response, 200, known);
    if (route !== 'POST /v1/chat/completions' && route !== 'POST /v1/completions')
      throw new RequestError(`Unknown request URL: ${route}`, 404, null, 'unknown_url');
    const body = await readBody(request);
    const asked = pathname === '/v1/completions' ? askedByCompletion(model, body) : askedByChat(model, body);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    await inTurn(() => answer(model, asked, response, gone.signal));
  }

  return listen(server, port, host);
}

function askedByChat(model: ServedModel, body: unknown): Asked {
  const request = readRequest(chatSchema, body);
  checkModel(model, request.model);
  const prompt = promptOfChat(model, request.messages);
  const limit = request.max_completion_tokens ?? request.max_tokens ?? model.spec?.generation.maxAnswerTokens;
  return {
    form: chatForm,
    prompts: [prompt],
    settings: settingsOf(request, limit ?? model.positions),
    logProbs: request.logprobs === true,
    stream: request.stream === true,
    withUsage: request.stream_options?.include_usage === true,
  };
}

function askedByCompletion(model: ServedModel, body: unknown): Asked {
  const request = readRequest(completionSchema, body);
  checkModel(model, request.model);
  if (request.best_of != null && request.best_of !== (request.n ?? 1))
    throw new RequestError('best_of: allowed is the value of n', 400, 'best_of', 'invalid_value');
  const texts = typeof request.prompt === 'string' ? [request.prompt] : request.prompt;
  return {
    form: completionForm,
    prompts: texts.map((text) => promptOfText(model, text)),
    settings: settingsOf(request, request.max_tokens ?? usualCompletionTokens),
    logProbs: request.logprobs === 0,
    stream: request.stream === true,
    withUsage: request.stream_options?.include_usage === true,
  };
}

function checkModel({ name }: ServedModel, asked: string): void {
  if (asked !== name)
    throw new RequestError(
      `The model \`${asked}\` does not exist: this is \`${name}\``,
      404,
      'model',
      'model_not_found',
    );
}

async function answer(model: ServedModel, asked: Asked, response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { form, prompts, settings, logProbs, stream } = asked;
  const { n } = settings;
  const header = {
    id: `${form.prefix}-${randomUUID()}`,
    created: Math.floor(Date.now() / 1_000),
    model: model.name,
  };
  const parts = prompts.flatMap(({ begun }, place) =>
    Array.from(
      { length: n },
      (_, index): Part => ({ index: place * n + index, text: begun, pieces: [], reason: null }),
    ),
  );
  const begun = new Set<number>();
  const send = (part: Part): void => {
    if (!response.headersSent)
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(`data: ${JSON.stringify(form.chunk(header, part, !begun.has(part.index), logProbs))}\n\n`);
    begun.add(part.index);
  };
  let tokens = 0;
  for (const [place, prompt] of prompts.entries()) {
    const ended = await complete(
      model,
      prompt,
      settings,
      (delta) => {
        const index = place * n + delta.index;
        const before = at(parts, index);
        parts[index] = { ...before, text: before.text + delta.text, pieces: [...before.pieces, ...delta.pieces] };
        const first = begun.has(index) ? '' : prompt.begun;
        if (stream) send({ index, text: first + delta.text, pieces: delta.pieces, reason: null });
      },
      signal,
    );
    for (const [index, { reason, tokens: own }] of ended.entries()) {
      const whole = at(parts, place * n + index);
      parts[whole.index] = { ...whole, reason };
      tokens += own;
      if (stream) send({ index: whole.index, text: begun.has(whole.index) ? '' : prompt.begun, pieces: [], reason });
    }
  }
  const usage = usageOf(
    prompts.reduce((sum, prompt) => sum + prompt.tokens.length, 0),
    tokens,
  );
  if (!stream) return sendJson(response, 200, form.whole(header, parts, usage, logProbs));
  if (asked.withUsage) response.write(`data: ${JSON.stringify(form.usageChunk(header, usage))}\n\n`);
  response.end('data: [DONE]\n\n');
}

/** Browsers send no JSON to another origin unasked, so that no page can use the model. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new RequestError('content-type: allowed is application/json', 415);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > mostBodyBytes) throw new RequestError(`The request has more than ${mostBodyBytes} bytes`, 413);
    chunks.push(chunk);
  }
  const read = readForeignJson(Buffer.concat(chunks), mostBodyBytes);
  if ('value' in read) return read.value;
  throw new RequestError(`The request ${read.problem}`);
}

function refuse(response: ServerResponse, error: unknown): void {
  // Nobody is there to read it.
  if (response.destroyed) return;
  const known = error instanceof RequestError ? error : refusalOf(error);
  if (known.status >= 500) log('error', 'a request failed', { error });
  if (response.headersSent) response.end(`data: ${JSON.stringify(errorBody(known))}\n\n`);
  else sendJson(response, known.status, errorBody(known));
}

function refusalOf(error: unknown): RequestError {
  if (error instanceof InvalidData) return new RequestError(messageOf(error), 400, null, 'context_length_exceeded');
  return new RequestError(messageOf(error), 500);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
