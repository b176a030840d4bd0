/** The reward `http` against a server on loopback that fails in every way a scorer can, one after the other. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAskHttp } from '../../activities/askHttp.js';
import { rewardNamed, rewardSchema } from '../../activities/rewards/index.js';
import type { RewardTools } from '../../activities/rewards/reward.js';
import type { AskedQuestion, Response } from '../../activities/rewards/samples.js';
import type { ScoringRequest } from '../../activities/rewards/scorers.js';
import { createScoreInBatches } from '../../activities/scoreInBatches.js';
import type { Store } from '../../activities/store/types.js';
import { startForwardProxy } from '../support/forwardProxy.js';
import { createMemoryStore } from './data/memoryStore.js';

const examples = ['q1', 'q2', 'q3'].map(
  (id, index): AskedQuestion => ({
    id,
    question: `${id}?`,
    prompt: `${id}?\n`,
    answer: 'annotated',
    answerValue: index,
  }),
);
const responses = examples.map(
  ({ id }, example): Response => ({
    example,
    sample: 4,
    text: `${id} is “${example}” `,
    truncated: example === 2,
    tokens: [1],
    logProbs: [-1],
  }),
);

/** What the server does with one request; the last of a script is repeated. */
type Behaviour = (response: ServerResponse, request: ScoringRequest) => void;

const status =
  (code: number, headers: Record<string, string> = {}, body = 'no'): Behaviour =>
  (response) =>
    response.writeHead(code, headers).end(body);
const say =
  (body: string): Behaviour =>
  (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
const right: Behaviour = (response, { responses: given }) => {
  say(JSON.stringify({ scores: given.map(({ text }) => text.length) }))(response, { examples: [], responses: [] });
};
const never: Behaviour = () => undefined;
const dropped: Behaviour = (response) => response.destroy();
/** A body that breaks off: fewer bytes than announced, or a chunk and no end. */
const cut: Behaviour = (response) => {
  response.writeHead(200, { 'content-length': '100' });
  response.write('{"scores": [1, ');
  setTimeout(() => response.destroy(), 20);
};
const cutChunk: Behaviour = (response) => {
  response.writeHead(200, { 'transfer-encoding': 'chunked' });
  response.write('{"scores": [1, ');
  setTimeout(() => response.destroy(), 20);
};

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let address: string;
const scripts = new Map<string, Behaviour[]>();
const received = new Map<string, Received[]>();

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const body = await textOf(request);
    received.set(path, [...(received.get(path) ?? []), { headers: request.headers, body }]);
    const script = scripts.get(path) ?? [right];
    const [next] = script.length > 1 ? script.splice(0, 1) : script;
    next?.(response, JSON.parse(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let store: Store;
beforeEach(() => {
  store = createMemoryStore();
  scripts.clear();
  received.clear();
});

interface Asking {
  readonly path?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

const notNeeded = (): Promise<never> => Promise.reject(new Error('not needed'));

function score({ path = '/', options = {}, environment = {}, signal = new AbortController().signal }: Asking = {}) {
  const reward = rewardSchema.parse({ name: 'http', url: address + path, timeoutSeconds: 0.5, tries: 2, ...options });
  const onProgress = (): void => undefined;
  const tools: RewardTools = {
    format: 'natural',
    answerKind: 'number',
    sandbox: { run: notNeeded, judge: notNeeded },
    scorers: {
      http: createAskHttp(environment),
      activity: notNeeded,
    },
    signal,
    onProgress,
    scoreInBatches: createScoreInBatches(store, { signal, onProgress }),
  };
  return rewardNamed('http').score(examples, responses, reward, tools);
}

const requestsTo = (path: string): readonly Received[] => received.get(path) ?? [];
const lengths = responses.map(({ text }) => text.length);

it('posts questions and responses, and reads a score for each', async () => {
  const scores = await score();
  expect(scores.map(({ reward }) => reward)).toEqual(lengths);
  const [request] = requestsTo('/');
  expect(JSON.parse(request?.body ?? '')).toEqual({
    examples,
    responses: responses.map(({ text, truncated }) => ({ text, truncated })),
  });
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'idempotency-key': expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(request?.headers).not.toHaveProperty('authorization');
});

it('cuts batches and asks for several at once, each under its own key', async () => {
  const scores = await score({ options: { batch: { pairs: 1 }, atOnce: 3 } });
  expect(scores.map(({ reward }) => reward)).toEqual(lengths);
  expect(new Set(requestsTo('/').map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
});

it('goes through the proxy that the environment names', async () => {
  const proxy = await startForwardProxy();
  vi.stubEnv('HTTP_PROXY', proxy.address);
  vi.stubEnv('NO_PROXY', '');
  try {
    const { port } = new URL(address);
    const scores = await score({ options: { url: `http://scorer.example:${port}/proxied` } });
    expect(scores.map(({ reward }) => reward)).toEqual(lengths);
    expect(proxy.asked).toEqual([`POST http://scorer.example:${port}/proxied`]);
  } finally {
    vi.unstubAllEnvs();
    await proxy.close();
  }
});

describe('what may pass', () => {
  const passing: Readonly<Record<string, Behaviour>> = {
    'status 500': status(500),
    'status 503': status(503),
    'status 408': status(408),
    'status 429': status(429),
    'no answer in time': never,
    'a dropped connection': dropped,
    'a body cut by its length': cut,
    'a body cut in its chunks': cutChunk,
    'a body that is no JSON': say('{"scores": [1'),
  };

  it('is tried again, with the same key and body, and nothing is scored 0 or asked twice', async () => {
    const names = Object.keys(passing);
    const paths = names.map((_, index) => `/${index}`);
    for (const [index, path] of paths.entries()) scripts.set(path, [passing[names[index] ?? ''] ?? never, right]);
    const all = await Promise.all(paths.map((path) => score({ path })));
    for (const [index, path] of paths.entries()) {
      const name = names[index];
      expect(
        all[index]?.map(({ reward }) => reward),
        name,
      ).toEqual(lengths);
      const [first, second, ...more] = requestsTo(path);
      expect(second?.body, name).toBe(first?.body);
      expect(second?.headers['idempotency-key'], name).toBe(first?.headers['idempotency-key']);
      expect(more, name).toEqual([]);
    }
    await Promise.all(paths.map((path) => score({ path })));
    expect(paths.map((path) => requestsTo(path).length)).toEqual(paths.map(() => 2));
  });

  it.each(Object.entries(passing))('%s fails the attempt at last, which Temporal tries again', async (_, behaviour) => {
    scripts.set('/down', [behaviour]);
    const unavailable = {
      name: 'ScorerUnavailable',
      message: expect.stringMatching(/^scorer http:\/\/127\.0\.0\.1:\d+\/down: .+ \(tried 1×\)$/),
    };
    await expect(score({ path: '/down', options: { tries: 1 } })).rejects.toMatchObject(unavailable);
    scripts.set('/down', [right]);
    expect((await score({ path: '/down' })).map(({ reward }) => reward)).toEqual(lengths);
  });

  it('waits as long as `Retry-After` says', async () => {
    scripts.set('/busy', [status(429, { 'retry-after': '2' }), right]);
    const started = performance.now();
    await score({ path: '/busy' });
    expect(performance.now() - started).toBeGreaterThan(1_990);
  });

  it('leaves a long `Retry-After` to Temporal', async () => {
    const later = new Date(Date.now() + 300_000).toUTCString();
    for (const value of ['300', later]) {
      scripts.set('/busy', [status(503, { 'retry-after': value })]);
      const { pauseMs } = (await score({ path: '/busy' }).catch((error: unknown) => error)) as { pauseMs: number };
      expect(pauseMs, value).toBeGreaterThan(290_000);
      expect(pauseMs, value).toBeLessThanOrEqual(300_000);
    }
    expect(requestsTo('/busy').length).toBe(2);
  });

  it('names the reason of a server that is not there', async () => {
    const options = { url: 'http://user-less.invalid/score?token=1', tries: 1 };
    await expect(score({ options })).rejects.toThrow(
      /^scorer http:\/\/user-less\.invalid\/score: the connection failed/,
    );
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(score({ options: { url: `http://127.0.0.1:${port}/`, tries: 1 } })).rejects.toMatchObject({
      name: 'ScorerUnavailable',
      message: `scorer http://127.0.0.1:${port}/: the connection failed: ECONNREFUSED (tried 1×)`,
    });
  });
});

describe('what will not pass', () => {
  it.each([400, 401, 404, 410, 422, 302])('status %i is refused at once', async (code) => {
    scripts.set('/refused', [status(code, { location: '/' }, 'bad batch')]);
    await expect(score({ path: '/refused' })).rejects.toMatchObject({
      name: 'ScorerRefused',
      message: `scorer ${address}/refused: status ${code}: bad batch`,
    });
    expect(requestsTo('/refused').length).toBe(1);
    expect(requestsTo('/')).toEqual([]);
  });

  const broken: readonly (readonly [body: string, problem: string])[] = [
    ['{"scores": [1, 1]}', 'reward http gave 2 scores for 3 responses'],
    ['{"scores": [1, 1, 1, 1]}', 'reward http gave 4 scores for 3 responses'],
    ['{"scores": [1, NaN, 1]}', 'reward http, sample 4 of question "q2": "NaN" is no score'],
    ['{"scores": [1, 1, {"reward": -Infinity}]}', 'reward http, sample 4 of question "q3": {"reward":"-Infinity"}'],
    ['{"scores": [null, 1, 1]}', 'reward http, sample 4 of question "q1": null is no score'],
    ['{"scores": [1, {"score": 1}, 1]}', 'reward http, sample 4 of question "q2": {"score":1} is no score'],
    ['[1, 1, 1]', 'reward http got [1,1,1] from its scorer, not {"scores": […]}'],
    ['{"rewards": [1, 1, 1]}', 'reward http got {"rewards":[1,1,1]} from its scorer, not {"scores": […]}'],
    [`"${'x'.repeat(17 * 2 ** 20)}"`, 'answered more than 16777216 bytes (status 200)'],
  ];
  it.each(broken)('%.40s names what is wrong with it', async (body, problem) => {
    scripts.set('/wrong', [say(body)]);
    // Seventeen megabytes take their time on a busy machine.
    await expect(score({ path: '/wrong', options: { timeoutSeconds: 60 } })).rejects.toMatchObject({
      name: 'InvalidReward',
      message: expect.stringContaining(problem),
    });
    expect(requestsTo('/wrong').length).toBe(1);
  });

  it('words like NaN within texts are left alone', async () => {
    scripts.set('/', [say('{"scores": [{"reward": 1, "value": "a \\"NaN\\" of -Infinity"}, 1, 1]}')]);
    expect((await score())[0]?.value).toBe('a "NaN" of -Infinity');
  });
});

describe('the header', () => {
  const options = { header: { name: 'Authorization', variable: 'REFT_REWARD_TOKEN' } };

  it('has the value of the worker’s variable, which no failure shows', async () => {
    const environment = { REFT_REWARD_TOKEN: 'Bearer very-secret' };
    await score({ options, environment });
    expect(requestsTo('/')[0]?.headers.authorization).toBe('Bearer very-secret');
    scripts.set('/echo', [status(401, {}, 'unknown: Bearer very-secret')]);
    await expect(score({ path: '/echo', options, environment })).rejects.toThrow('status 401: unknown: …');
    scripts.set('/echo', [say('Bearer very-secret')]);
    const echoed = score({ path: '/echo', options: { ...options, tries: 1 }, environment });
    await expect(echoed).rejects.not.toThrow('very-secret');
  });

  it('that the worker does not have is told, and nothing is sent', async () => {
    await expect(score({ options })).rejects.toMatchObject({
      name: 'ScorerUnavailable',
      message: `scorer ${address}/: the environment variable REFT_REWARD_TOKEN of the worker is not set`,
    });
    expect(requestsTo('/')).toEqual([]);
  });

  it('can be of no other variable, and the address holds no password', () => {
    const parse = (given: object) => rewardSchema.safeParse({ name: 'http', url: 'http://scorer/', ...given }).success;
    expect(parse(options)).toBe(true);
    expect(parse({ header: { name: 'authorization', variable: 'AWS_SECRET_ACCESS_KEY' } })).toBe(false);
    expect(parse({ header: { name: 'a b', variable: 'REFT_REWARD_TOKEN' } })).toBe(false);
    expect(parse({ url: 'https://user:password@scorer/' })).toBe(false);
    expect(parse({ url: 'https://scorer/a@b' })).toBe(true);
    expect(parse({ url: 'file:///etc/passwd' })).toBe(false);
  });
});

it('gives way when it is cancelled, while it waits for an answer or between tries', async () => {
  for (const [behaviour, timeoutSeconds] of [
    [never, 60],
    [status(500), 1],
  ] as const) {
    scripts.set('/slow', [behaviour]);
    const cancel = new AbortController();
    const scoring = score({ path: '/slow', options: { timeoutSeconds, tries: 20 }, signal: cancel.signal });
    setTimeout(() => cancel.abort(new Error('cancelled')), 100);
    await expect(scoring).rejects.toThrow(/cancelled|abort/i);
  }
});
