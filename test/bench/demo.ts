/**
 * The demo against PyTorch: the same questions, first weights, algorithm, sizes and steps, each side from the specification to accuracies
 * on the test questions.
 *
 * Our side is a run as anyone starts it, durable at every step, with programs in their sandbox. The peer (`peers/demo.py`) is one process
 * that keeps everything in memory and executes programs as they come.
 */
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { TrainingStart } from '../../activities/branchPoints.js';
import { threads } from '../../activities/engine/ort/session.js';
import { required } from '../../activities/invariant.js';
import { readCheckpoint } from '../../activities/store/checkpoint.js';
import { runPrefix } from '../../activities/store/runKeys.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { shortDemo } from './outsideEngine.js';
import { withPeer } from './peers/peer.js';
import { type BenchmarkResult, rounded } from './result.js';
import { runId, type WholeRun, withWholeRun } from './wholeRun.js';

const accuracies = z.object({ greedy: z.number(), voting: z.number(), reranking: z.number() });
const answerSchema = z.object({ seconds: z.number(), warmUp: accuracies, sft: accuracies, reft: accuracies });

const name = 'demo';
/** Of greedy accuracy in percent: a training from other random numbers may differ by so much, another algorithm differs by more. */
const mostDifference = 8;

/** @param spec shortened, it is done in two minutes */
function benchDemo(spec: SpecInput, floor?: number): () => Promise<BenchmarkResult> {
  return () => {
    const [load = 0] = loadavg();
    return withWholeRun(spec, describe, async ({ job, wallSeconds, accuracy }) =>
      withPeer({ script: 'demo.py', job }, async (peer): Promise<BenchmarkResult> => {
        const ours = { ours: rounded(wallSeconds), unit: 's', threads, load: rounded(load), ...accuracy };
        if (peer === null) return { name, ...ours, note: 'no peer: set REFT_PEER_PYTHON' };
        const their = answerSchema.parse(await peer.step());
        if (floor !== undefined && Math.abs(their.reft.greedy - accuracy.reft) > mostDifference)
          throw new Error(`PyTorch comes to ${their.reft.greedy} %, we to ${accuracy.reft} %: not the same algorithm`);
        return {
          name,
          ...ours,
          peer: rounded(their.seconds),
          ratio: rounded(their.seconds / wallSeconds),
          ...(floor === undefined ? {} : { floor }),
          peerWarmUp: their.warmUp.greedy,
          peerSft: their.sft.greedy,
          peerReft: their.reft.greedy,
        };
      }),
    );
  };
}

/** What the peer is told, in a file, and what our run came to. */
async function describe({ result, wallSeconds, store, folder }: WholeRun) {
  const stored = required(await store.read(`${runPrefix(runId)}/training.json`), 'the start of the training');
  // This code wrote it, a moment ago.
  const { spec, data, base } = JSON.parse(Buffer.from(stored).toString()) as TrainingStart;
  const { files } = await readCheckpoint(store, base, { moments: false });
  const job = join(folder, 'job.json');
  const { train, validation, test, tokenizer, endTokens } = data;
  const sets = {
    train: await store.getFile(train),
    validation: await store.getFile(validation),
    test: await store.getFile(test),
    tokenizer: await store.getFile(tokenizer),
  };
  const { config, parameters } = files;
  await writeFile(job, JSON.stringify({ spec, config, parameters, ...sets, endTokens, threads }));
  const { warmUp, sft, top1 } = result.accuracy;
  return { job, wallSeconds, accuracy: { warmUp, ...(sft === undefined ? {} : { sft }), reft: top1 } };
}

export const demos: Readonly<Record<string, () => Promise<BenchmarkResult>>> = {
  demo: benchDemo({ preset: 'demo' }, 2),
  'demo-short': benchDemo(shortDemo),
};
