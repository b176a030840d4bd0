/** Whether a run of many rounds grows slower: a thousand rounds of a tiny model on the real parts, through several continue-as-new. */
import { loadavg } from 'node:os';
import { at } from '../../activities/invariant.js';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { type BenchmarkResult, median, rounded } from './result.js';
import { completedActivities } from './runHistory.js';
import { runId, withWholeRun } from './wholeRun.js';

const rounds = 1_000;
/** Rounds at the start and at the end whose medians are compared. */
const compared = 200;

const spec: SpecInput = {
  preset: 'smoke',
  title: `Benchmark: ${rounds} rounds`,
  data: { train: 16, validation: 8, test: 8 },
  warmUp: { epochs: 1 },
  sft: null,
  ppo: { epochs: rounds, questionsPerRound: 16, miniBatch: 16, ppoEpochs: 1 },
  generation: { questionsPerShard: 16 },
  rewardModel: null,
  evaluation: { everyRounds: rounds, samplesPerQuestion: 0 },
};

/** `slope`: by how much of its length a round grows over the thousand, by a line of least squares. */
export async function benchRounds(): Promise<BenchmarkResult> {
  const [load = 0] = loadavg();
  const ends = await withWholeRun(
    spec,
    async ({ client }) =>
      (await completedActivities(client, runId))
        .filter(({ name }) => name === 'updatePolicy')
        .map(({ completedAt }) => completedAt),
    async (found) => found,
  );
  const seconds = ends.slice(1).map((end, index) => end - at(ends, index));
  const [first, last] = [median(seconds.slice(0, compared)), median(seconds.slice(-compared))];
  return {
    name: 'rounds',
    ours: rounded(last),
    unit: 's a round, at the end',
    peer: rounded(first),
    ratio: rounded(first / last),
    floor: 0.95,
    rounds: ends.length,
    slope: rounded((slopeOf(seconds) * seconds.length) / median(seconds)),
    load: rounded(load),
  };
}

/** Of a line of least squares through values at 0, 1, 2, … */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const covariance = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  return covariance / values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
}
