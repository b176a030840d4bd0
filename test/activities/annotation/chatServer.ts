/**
 * A server on loopback that speaks the form of OpenAI's chat completions, and fails as real endpoints do. It adds up: of the question
 * `How much is 3 plus 4?` it knows the answer.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Asked {
  readonly question: string;
  /** The same for every try of a request. */
  readonly key: string;
  /** How often it has been asked for this, this time included. */
  readonly times: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What came of a request: an answer that has to be paid for, or a failure. Anything else leaves it to the usual answer. */
export type Behaviour = (asked: Asked, response: ServerResponse) => 'paid' | 'failed' | false | undefined;

export interface ChatServer {
  readonly url: string;
  /** Whole answers by key: what would have to be paid for. */
  readonly paid: ReadonlyMap<string, number>;
  readonly asked: readonly Asked[];
  behave: Behaviour;
  /** From the next request on none is answered, until let go, and then those held are dropped. */
  hold(): void;
  /** Whether all that are not held are answered, and at least one is held. */
  isHeld(): boolean;
  letGo(): void;
  close(): Promise<void>;
}

export const usage = { prompt_tokens: 50, completion_tokens: 10 };

export function completion(content: string, finish = 'stop'): string {
  return JSON.stringify({ choices: [{ message: { role: 'assistant', content }, finish_reason: finish }], usage });
}

export const fail = (response: ServerResponse, status: number, body: string, headers = {}): 'failed' => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  return 'failed';
};

export const say = (response: ServerResponse, body: string): 'paid' => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  return 'paid';
};

export async function startChatServer(): Promise<ChatServer> {
  const paid = new Map<string, number>();
  const asked: Asked[] = [];
  const times = new Map<string, number>();
  const held = new Set<ServerResponse>();
  let isHolding = false;
  let working = 0;

  const server = createServer(async (request, response) => {
    const text = await textOf(request);
    if (isHolding) return held.add(response);
    working += 1;
    const body = JSON.parse(text);
    const key = String(request.headers['idempotency-key']);
    const count = (times.get(key) ?? 0) + 1;
    times.set(key, count);
    const question: string = body.messages.at(-1).content;
    const one: Asked = { question, key, times: count, headers: request.headers, body };
    asked.push(one);
    // So that several are under way at once.
    await sleep(5);
    const came = started.behave(one, response) || say(response, completion(rightAnswer(question)));
    if (came === 'paid') paid.set(key, (paid.get(key) ?? 0) + 1);
    working -= 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const started: ChatServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    paid,
    asked,
    behave: () => undefined,
    hold() {
      isHolding = true;
    },
    isHeld: () => working === 0 && held.size > 0,
    letGo() {
      isHolding = false;
      for (const response of held) response.destroy();
      held.clear();
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return started;
}

export function rightAnswer(question: string): string {
  const [a = 0, b = 0] = (question.match(/\d+/g) ?? []).map(Number);
  return `We add: ${a} + ${b} = ${a + b}.\nSo the answer is **${a + b}**.`;
}
