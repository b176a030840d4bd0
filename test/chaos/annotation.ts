/**
 * `npx tsx test/chaos/annotation.ts --questions 200 --kills 20 --seed 1`: an annotation by a model that `reft serve` answers for, once
 * undisturbed and once with its worker killed at random moments. Between worker and model stands a proxy that counts the whole answers it
 * has handed over, by the request's key. Exit code 1 where the results differ, or an answer was handed over twice.
 *
 * REFT_SMOLLM2 names the model's folder, REFT_DATA_DIR that of the data sets.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { required } from '../../activities/invariant.js';
import type { AnnotationResult } from '../../workflows/annotate.js';
import { randomNumbers } from '../support/randomNumbers.js';
import { startTestStack } from '../support/stack.js';
import { startWorkerProcess } from '../support/workerProcess.js';

const { values } = parseArgs({
  options: {
    questions: { type: 'string', default: '200' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const folder = required(process.env.REFT_SMOLLM2, 'REFT_SMOLLM2');
const questions = Number(values.questions);
const random = randomNumbers(Number(values.seed));

/** Short ones: most of what a small model is told is told anew with each question. */
const examples = [
  {
    question: 'A shop had 12 cakes. It sold 5 of them. How many cakes are left?',
    answer: '12 - 5 = 7 cakes are left.\nTherefore, the answer is: 7',
  },
  {
    question: 'There are 4 boxes with 6 pens each. How many pens are there?',
    answer: '4 * 6 = 24 pens are in the boxes.\nTherefore, the answer is: 24',
  },
];

interface CountedModel {
  readonly url: string;
  /** Whole answers by key. */
  readonly handedOver: ReadonlyMap<string, number>;
  /** Requests that began: those cut off by a kill are more than the answers. */
  readonly asked: () => number;
  reset(): void;
  stop(): void;
}

async function startModel(): Promise<CountedModel> {
  const command = fileURLToPath(new URL('../../workers/bin/reft.js', import.meta.url));
  const model = spawn(process.execPath, [command, 'serve', folder, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(required(model.stdout, 'its output'), 'data');
  const target = required(/http:\/\/[\d.:]+/.exec(String(line))?.[0], `an address in ${line}`);
  model.stdout?.resume();

  const handedOver = new Map<string, number>();
  let asked = 0;
  const proxy = createServer(async (request, response) => {
    const key = String(request.headers['idempotency-key']);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    asked += 1;
    try {
      const reply = await fetch(`${target}${request.url}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: await buffer(request),
        signal: gone.signal,
      });
      const body = Buffer.from(await reply.arrayBuffer());
      response.once('finish', () => {
        if (!response.destroyed && reply.ok) handedOver.set(key, (handedOver.get(key) ?? 0) + 1);
      });
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(body);
    } catch {
      response.destroy();
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/v1`,
    handedOver,
    asked: () => asked,
    reset() {
      handedOver.clear();
      asked = 0;
    },
    stop() {
      proxy.closeAllConnections();
      proxy.close();
      model.kill();
    },
  };
}

/** On servers of its own, so that nothing of another annotation is found. */
async function annotate(url: string, kills: number): Promise<AnnotationResult> {
  const stack = await startTestStack();
  const startWorker = () => startWorkerProcess(stack);
  let worker = await startWorker();
  const connection = await Connection.connect({ address: stack.temporal.address });
  try {
    const handle = await new Client({ connection }).workflow.start('annotate', {
      taskQueue: 'reft',
      workflowId: 'annotation',
      args: [
        {
          data: { source: 'svamp', cot: 'natural', train: questions },
          annotator: {
            kind: 'endpoint',
            url,
            model: basename(folder),
            maxTokens: 64,
            temperature: 0.3,
            atOnce: 4,
            price: { input: 1, output: 2 },
            extraBody: { seed: 7 },
          },
          prompt: { examples },
          samples: 1,
          retries: { samples: 0 },
        },
      ],
    });
    let isDone = false;
    const result = (handle.result() as Promise<AnnotationResult>).finally(() => {
      isDone = true;
    });
    for (let kill = 1; kill <= kills; kill++) {
      await sleep(500 + 9_500 * random.uniform());
      if (isDone) {
        console.log(`done after ${kill - 1} kills`);
        break;
      }
      await worker.kill();
      worker = await startWorker();
      console.log(`kill ${kill}`);
    }
    return await result;
  } finally {
    await connection.close();
    await worker.kill();
    await stack.stop();
  }
}

const model = await startModel();
const comparable = ({ published, spent }: AnnotationResult) => ({ rows: published.rows, card: published.card, spent });
const calm = await annotate(model.url, 0);
console.log(JSON.stringify({ run: 'calm', asked: model.asked(), answers: model.handedOver.size, ...comparable(calm) }));
model.reset();
const killed = await annotate(model.url, Number(values.kills));
const twice = [...model.handedOver.values()].filter((times) => times > 1).length;
const isSame = isDeepStrictEqual(comparable(killed), comparable(calm));
console.log(
  JSON.stringify({
    run: 'killed',
    asked: model.asked(),
    answers: model.handedOver.size,
    twice,
    isSame,
    ...comparable(killed),
  }),
);
model.stop();
process.exit(isSame && twice === 0 ? 0 : 1);
