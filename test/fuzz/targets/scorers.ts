/** What scorers send back: over HTTP, byte by byte from the status line on, and as results and failures of activities. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { readResult } from '../../../activities/askActivity.js';
import { createAskHttp } from '../../../activities/askHttp.js';
import { ScorerUnavailable } from '../../../activities/errors.js';
import type { NumberedPair } from '../../../activities/rewards/batches.js';
import { scoresIn } from '../../../activities/rewards/scorers.js';
import { hostileJson, mutatedBytes } from '../mutate.js';
import type { Target } from '../target.js';

const replies = [
  { scores: [1, { reward: 0.5, correct: true, value: '8', parts: { length: 0.1 } }] },
  { scores: [{ reward: 1, failure: 'timeout' }, 0] },
];
const sound = replies.map((reply) => Buffer.from(JSON.stringify(reply)));
const example = { id: 'q', question: 'What?', prompt: 'What?', answerValue: 8 };
const response = { text: '8', tokens: [1], logProbs: [-1], truncated: false };
const pairs: readonly NumberedPair[] = [0, 1].map((sample) => ({ example, response, sample }) as never);
const options = { reward: 'http', correctFrom: 1 };

const answer = (body: Uint8Array): Uint8Array =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`),
    body,
  ]);

export const httpReward: Target = {
  make: (random) => {
    const whole = answer(hostileJson(replies, random));
    return random.uniform() < 0.5 ? whole : mutatedBytes(whole, random);
  },
  sound: () => sound.map(answer),
  read: async (input) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(input));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const scorer = { url: `http://127.0.0.1:${port}/`, header: null, timeoutSeconds: 5, tries: 1 };
    try {
      const batch = { hash: 'h', signal: new AbortController().signal };
      return scoresIn(options, pairs, await createAskHttp({})(scorer, { examples: [], responses: [] }, batch));
    } finally {
      server.close();
    }
  },
};

const activity = { type: 'score', taskQueue: 'scorers', timeoutSeconds: 1, heartbeatSeconds: null };

export const activityReward: Target = {
  make: (random) => hostileJson(replies, random),
  sound: () => sound,
  read: (input) => {
    const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: input };
    if (input.length === 0) throw new ScorerUnavailable('nothing came');
    return scoresIn(options, pairs, readResult(activity, payload));
  },
};
