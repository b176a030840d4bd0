/**
 * What durability costs: the share of a run's time in which the engine does not compute.
 *
 * The demo, shortened to about a minute, on the real parts (`wholeRun.ts`). Counted as outside are the start of engine and sandbox,
 * scoring, checkpoints on their way to and from S3, and Temporal itself. Less is better; there is no peer.
 */
import { loadavg } from 'node:os';
import type { SpecInput } from '../../workflows/config/resolve.js';
import { type BenchmarkResult, rounded } from './result.js';
import { withWholeRun } from './wholeRun.js';

export const shortDemo: SpecInput = {
  preset: 'demo',
  title: 'Benchmark: the demo, shortened',
  data: { train: 1_000, validation: 200, test: 200 },
  warmUp: { epochs: 6 },
  sft: { epochs: 6 },
  ppo: { epochs: 4 },
  rewardModel: { samplesPerQuestion: 1, epochs: 1 },
};

export async function benchOutsideEngine(): Promise<BenchmarkResult> {
  const [load = 0] = loadavg();
  return withWholeRun(
    shortDemo,
    async ({ wallSeconds, engineSeconds }) => ({ wallSeconds, engineSeconds }),
    async ({ wallSeconds, engineSeconds }) => ({
      name: 'outside-engine',
      ours: rounded(1 - engineSeconds / wallSeconds),
      unit: 'share',
      wallSeconds: rounded(wallSeconds),
      engineSeconds: rounded(engineSeconds),
      load: rounded(load),
    }),
  );
}
