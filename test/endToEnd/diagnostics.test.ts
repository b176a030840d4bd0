/** The metrics of rounds on the real parts: in progress, result, report and on the metrics endpoint, and warnings of a run gone wrong. */
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { publishedResultSchema } from '../../activities/report/publishedResult.js';
import { openStore } from '../../workers/openStore.js';
import { generalQueue } from '../../workflows/config/taskQueues.js';
import type { reft } from '../../workflows/index.js';
import type { Progress } from '../../workflows/monitoring/progress.js';
import { useRealParts } from './realParts.js';

const metricsAddress = `127.0.0.1:${await freePort()}`;
const parts = useRealParts({ REFT_METRICS_ADDRESS: metricsAddress });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A small run, PPO alone, and all it left. */
async function train(workflowId: string, learningRate: number) {
  const input = {
    preset: 'smoke',
    // Long enough that some answers can be compared: without rewards nothing would be learnt, at any rate.
    warmUp: { epochs: 40, batchSize: 8, optimiser: { learningRate: 6e-3 } },
    sft: null,
    rewardModel: null,
    evaluation: { everyRounds: 3, samplesPerQuestion: 0 },
    ppo: { epochs: 3, questionsPerRound: 16, miniBatch: 8, optimiser: { learningRate } },
  };
  const handle = await parts.client.workflow.start<typeof reft>('reft', {
    workflowId,
    taskQueue: generalQueue,
    args: [input],
  });
  const result = await handle.result();
  const read = async (key: string): Promise<string> =>
    Buffer.from((await openStore(parts.stack.s3).read(key)) ?? []).toString('utf8');
  const { currentDetails } = await handle.query<{ readonly currentDetails: string }>('__temporal_workflow_metadata');
  return {
    result,
    progress: await handle.query<Progress>('progress'),
    details: currentDetails,
    published: publishedResultSchema.parse(JSON.parse(await read(result.published.result))),
    report: await read(result.report),
  };
}

const metrics = [
  'reward',
  'rewardRight',
  'rewardExtracted',
  'klPenalty',
  'sampleAccuracy',
  'extracted',
  'extractedWrong',
  'nothingExtracted',
  'truncated',
  'answerLength',
  'longestAnswer',
  'klPerToken',
  'klPerSequence',
  'entropy',
  'entropyPerSequence',
  'clipFraction',
  'clipFractionHigh',
  'clipFractionLow',
  'samplerMismatch',
  'samplerMismatchMean',
  'samplerRatio',
  'ratio',
  'largestRatio',
  'approximateKl',
  'explainedVariance',
  'gradientNorm',
] as const;

it('a run tells of each round in result, progress, report and metrics', async () => {
  const { published, progress, report, result } = await train('usual', 6e-4);
  const rounds = published.curve.filter(({ phase }) => phase === 'ppo');
  expect(rounds.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const round of rounds) {
    expect(Object.keys(round.metrics)).toEqual(expect.arrayContaining([...metrics]));
    const { reward = 0, rewardRight = 0, rewardExtracted = 0 } = round.metrics;
    expect(reward).toBeCloseTo(rewardRight + rewardExtracted, 9);
    const failed = Object.entries(round.metrics).filter(([name]) => name.startsWith('failed.'));
    const failures = failed.reduce((total, [, count]) => total + count, 0);
    expect(failures).toBeCloseTo((16 * (round.metrics.nothingExtracted ?? 0)) / 100, 9);
  }
  // The first round's answers are the warm-up's own.
  expect(Math.abs(rounds[0]?.metrics.klPerToken ?? 1)).toBeLessThan(1e-5);
  expect(Object.keys(progress.phases.find(({ phase }) => phase === 'ppo')?.metrics ?? {})).toEqual(
    expect.arrayContaining([...metrics]),
  );
  for (const title of ['Clipped share of tokens', 'Variance the critic explains', 'Longest answer', 'KL of an update'])
    expect(report).toContain(title);
  for (const kind of ['kl-blow-up', 'steps-too-large'])
    expect(result.warnings.map((warning) => warning.kind)).not.toContain(kind);

  const exposed = await (await fetch(`http://${metricsAddress}/metrics`)).text();
  const gauge = (name: string): number => {
    const line = exposed.split('\n').find((text) => text.startsWith(`${name}{`) && text.includes('run="usual"'));
    expect(line, name).toContain('phase="ppo"');
    return Number(line?.split(' ').at(-1));
  };
  expect(exposed).toContain('# HELP reft_kl_per_token KL per token, in nats; what is below zero is in _below_zero\n');
  expect(exposed).toContain('# HELP reft_failed Answers without a value, by reason\n');
  const last = rounds.at(-1)?.metrics ?? {};
  for (const [name, metric] of [
    ['klPerToken', 'reft_kl_per_token'],
    ['explainedVariance', 'reft_explained_variance'],
    ['policyLoss', 'reft_policy_loss'],
    ['entropyPerSequence', 'reft_entropy_per_sequence'],
    ['sampleAccuracy', 'reft_sample_accuracy'],
  ] as const)
    expect(gauge(metric) - gauge(`${metric}_below_zero`)).toBeCloseTo(last[name] ?? Number.NaN, 9);
  const failed = Object.entries(last).filter(([name]) => name.startsWith('failed.'));
  expect(failed.length).toBeGreaterThan(0);
  for (const [name, count] of failed) {
    const reason = `reason="${name.slice('failed.'.length)}"`;
    const lines = exposed.split('\n').filter((text) => text.startsWith('reft_failed{') && text.includes(reason));
    const line = lines.find((text) => text.includes('run="usual"'));
    expect(line, name).toContain('phase="ppo"');
    expect(Number(line?.split(' ').at(-1)), name).toBe(count);
  }
}, 120_000);

it('a run with an absurd learning rate goes on to its end, with warnings wherever it is shown', async () => {
  const { result, progress, details, published, report } = await train('absurd', 0.1);
  const kinds = result.warnings.map(({ kind }) => kind);
  expect(kinds).toContain('kl-blow-up');
  expect(progress.warnings).toEqual(result.warnings);
  expect(published.warnings).toEqual(result.warnings);
  expect(published.curve.filter(({ phase }) => phase === 'ppo')).toHaveLength(6);
  expect(details).toMatch(/\*\*Warning\*\*, rounds \d–\d: /);
  expect(report).toContain('<h2>Warnings</h2>');
  const exposed = await (await fetch(`http://${metricsAddress}/metrics`)).text();
  const gauges = exposed
    .split('\n')
    .filter((line) => line.startsWith('reft_warning{') && line.includes('run="absurd"'));
  for (const kind of kinds) expect(gauges.find((line) => line.includes(`kind="${kind}"`))).toBeDefined();
}, 120_000);
