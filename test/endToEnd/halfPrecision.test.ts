/** Whole runs in half precision on the real parts: they end, say how far sampler and trainer are apart, and lose nothing to a kill. */
import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { required } from '../../activities/invariant.js';
import { openStore } from '../../workers/openStore.js';
import type { RunResult } from '../../workflows/runState.js';
import { repeated, waitForActivity } from './lossOfWorkers.js';
import { useRealParts } from './realParts.js';

/** Updates of about a second, so that there is a middle to be killed in. */
const spec = {
  preset: 'smoke',
  data: { train: 200, test: 32 },
  model: { hiddenSize: 64, layers: 2, intermediateSize: 160 },
  warmUp: { epochs: 1 },
  sft: null,
  ppo: { epochs: 1, questionsPerRound: 100, miniBatch: 50 },
  rewardModel: null,
  generation: { questionsPerShard: 100 },
  evaluation: { samplesPerQuestion: 0 },
};
const precisions = ['bfloat16', 'float16'] as const;

const parts = useRealParts();

/** A run of each precision, side by side. */
const start = (name: string): Promise<readonly WorkflowHandle[]> =>
  Promise.all(
    precisions.map((precision) =>
      parts.client.workflow.start('reft', {
        taskQueue: 'reft',
        workflowId: `${name}-${precision}`,
        args: [{ ...spec, compute: { precision } }],
      }),
    ),
  );

const resultsOf = (handles: readonly WorkflowHandle[]): Promise<readonly RunResult[]> =>
  Promise.all(handles.map((handle) => handle.result()));

/** The metrics of each point of a run's curve. */
async function curveOf({ published }: RunResult): Promise<readonly Readonly<Record<string, number>>[]> {
  const bytes = required(await openStore(parts.stack.s3).read(published.result), published.result);
  const { curve } = JSON.parse(Buffer.from(bytes).toString());
  return curve.map(({ metrics }: { readonly metrics: Readonly<Record<string, number>> }) => metrics);
}

describe('runs in half precision', () => {
  it('end in the same checkpoints when the worker is killed in an update, with metrics of the precision', async () => {
    const calm = await resultsOf(await start('calm'));
    const handles = await start('killed');
    await waitForActivity(required(handles[0], 'a run'), 'updatePolicy', 'ppo');
    await parts.killWorker();
    await parts.startWorker();
    const killed = await resultsOf(handles);
    expect(killed.map(({ checkpoint }) => checkpoint.sha256)).toEqual(calm.map(({ checkpoint }) => checkpoint.sha256));
    expect(await repeated(required(handles[0], 'a run'))).toContain('updatePolicy');

    for (const [index, precision] of precisions.entries()) {
      const curve = await curveOf(required(calm[index], precision));
      const rounds = curve.filter(({ samplerMismatch }) => samplerMismatch !== undefined);
      expect(rounds.length).toBeGreaterThan(0);
      for (const { samplerMismatch, samplerMismatchMean } of rounds) {
        // Two programs that round differently: more than in float32, and little.
        expect(samplerMismatchMean).toBeGreaterThan(1e-6);
        expect(samplerMismatch).toBeLessThan(0.2);
      }
      const scales = curve.map(({ skippedSteps, lossScale }) => [skippedSteps, lossScale]);
      const isScaled = precision === 'float16';
      for (const [skipped, scale] of scales) {
        expect(skipped, precision).toEqual(isScaled ? expect.any(Number) : undefined);
        expect(scale, precision).toEqual(isScaled ? expect.any(Number) : undefined);
      }
    }
  }, 600_000);
});
