/** Runs with a verifier of the user's: whole ones, with workers killed while it judges, and those whose verifier is no use. */
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../workers/openStore.js';
import { resolveSpec } from '../../workflows/config/resolve.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import type { RunResult } from '../../workflows/runState.js';
import { repeated, waitForActivity } from './lossOfWorkers.js';
import { useRealParts } from './realParts.js';

const { reward } = resolveSpec({ preset: 'countdown' });
if (reward.name !== 'python') throw new Error('the preset countdown has another reward');

/** The verifier of the preset, slow enough that a worker can be killed while it judges. */
const slow = `${reward.source}
judge = reward


def reward(example, response):
    for _ in range(300_000):
        pass
    return judge(example, response)
`;

const spec = {
  preset: 'countdown',
  data: { train: 240, test: 40, validation: 20 },
  reward: { source: slow },
  warmUp: { epochs: 2 },
  sft: null,
  rewardModel: null,
  ppo: { epochs: 1, questionsPerRound: 120, miniBatch: 60 },
  evaluation: { everyRounds: 1, samplesPerQuestion: 2 },
};

const parts = useRealParts();

const start = (workflowId: string, input: unknown = spec): Promise<WorkflowHandle> =>
  parts.client.workflow.start('reft', { taskQueue: 'reft', workflowId, args: [input] });

async function failureOf(handle: WorkflowHandle): Promise<string> {
  const error = await handle.result().catch((reason: unknown) => reason);
  if (!(error instanceof WorkflowFailedError)) throw new Error('the run did not fail');
  return rootCause(error.cause) ?? '';
}

describe('a run with a verifier', () => {
  it('whose worker is lost while it judges ends in the checkpoint of an undisturbed run', async () => {
    const calm: RunResult = await (await start('calm')).result();
    const store = openStore(parts.stack.s3);
    const samples = Buffer.from((await store.read('runs/calm/samples.jsonl')) ?? []).toString();
    expect(samples).toContain('"legal"');

    const handle = await start('disturbed');
    for (let kill = 0; kill < 2; kill++) {
      await waitForActivity(handle, 'scoreSamples', 'ppo');
      await parts.killWorker();
      await parts.startWorker();
    }
    const disturbed: RunResult = await handle.result();
    expect(disturbed.checkpoint.sha256).toBe(calm.checkpoint.sha256);
    expect(disturbed.accuracy).toEqual(calm.accuracy);
    expect(await repeated(handle)).toContain('scoreSamples');
  }, 400_000);
});

describe('a verifier that is no use', () => {
  it('is told of before any work', async () => {
    const handle = await start('no-python', {
      ...spec,
      reward: { source: 'def reward(example, response)\n    return 1' },
    });
    await expect(failureOf(handle)).resolves.toBe(
      "Invalid run specification: reward.source: syntax: line 1: expected ':'",
    );
    expect((await handle.query<Progress>('progress')).phases.map(({ phase }) => phase)).toEqual(['prepare']);
  });

  it('stops the run where it is, naming question and line', async () => {
    const source = 'def reward(example, response):\n    return 1 / (len(response) - len(response))';
    const handle = await start('raises', { ...spec, reward: { source } });
    await expect(failureOf(handle)).resolves.toMatch(
      /^reward python, sample 0 of question "countdown-\d+": line 2: ZeroDivisionError: division by zero$/,
    );
  });
});
