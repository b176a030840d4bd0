/**
 * What a second machine gains: the same rollouts on one worker with one core, and on two, each with a core of its own (`taskset`). Scoring
 * and servers have no core of their own, as little as they need one.
 */
import { loadavg } from 'node:os';
import type { StackAccess } from '../../infra/stack.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { startWorkerProcess, type WorkerProcess } from '../support/workerProcess.js';
import { type BenchmarkResult, rounded } from './result.js';
import { completedActivities } from './runHistory.js';
import { runId, withWholeRun } from './wholeRun.js';

/** Hardly any training, and eight samples of 500 test questions from a model four times as deep and wide as the demo's. */
const spec: SpecInput = {
  preset: 'demo',
  title: 'Benchmark: rollouts on two workers',
  method: 'sft',
  model: {
    hiddenSize: 128,
    layers: 4,
    heads: 4,
    keyValueHeads: 4,
    intermediateSize: 320,
    ropeBase: 1_000,
    maxPositions: 128,
  },
  data: { train: 200, validation: 20, test: 500 },
  generation: { maxAnswerTokens: 40, questionsPerShard: 25 },
  warmUp: { epochs: 1 },
  sft: { epochs: 1 },
  rewardModel: null,
};

export async function benchTwoWorkers(): Promise<BenchmarkResult> {
  const [load = 0] = loadavg();
  const one = await rolloutSeconds([0]);
  const two = await rolloutSeconds([0, 1]);
  return {
    name: 'rollouts-two-workers',
    ours: rounded(two),
    unit: 's',
    peer: rounded(one),
    ratio: rounded(one / two),
    floor: 1.8,
    load: rounded(load),
  };
}

/** From the first rollout for the test questions to the end of the last. */
function rolloutSeconds(cores: readonly number[]): Promise<number> {
  const startWorkers = async (stack: StackAccess): Promise<readonly WorkerProcess[]> => [
    await startWorkerProcess(stack, 'general'),
    ...(await Promise.all(
      cores.map((core) => startWorkerProcess(stack, 'engine', {}, ['taskset', '--cpu-list', String(core)])),
    )),
  ];
  return withWholeRun(
    spec,
    async ({ client }) => {
      const rollouts = (await completedActivities(client, runId)).filter(({ name, input }) => {
        const { purpose } = input as { readonly purpose?: string };
        return name === 'rollout' && purpose === 'sample-test';
      });
      const starts = rollouts.map(({ scheduledAt }) => scheduledAt);
      return Math.max(...rollouts.map(({ completedAt }) => completedAt)) - Math.min(...starts);
    },
    async (seconds) => seconds,
    startWorkers,
  );
}
