/** Rows of sampling, and of whole rounds: rollouts and the policy's training on them. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { generate } from '../../../activities/engine/sampling/generate.js';
import { initialise } from '../../../activities/engine/tasks/initialise.js';
import { trainPolicy } from '../../../activities/engine/tasks/trainPolicy.js';
import type { ModelFiles } from '../../../activities/engine/weights/modelFiles.js';
import { required } from '../../../activities/invariant.js';
import { adamW, configFor, inPrecision, lengths, numbersFrom, sequences } from './models.js';
import { type Figures, mean, quiet, type Row, round, timed, usedMiB, workFolder } from './row.js';

const random = { seed: 5, purpose: 'rollout', round: 0 } as const;

function sample(model: ModelFiles, count: number, samples: number, maxAnswerTokens: number) {
  const prompts = sequences(lengths(count)).map(({ prompt }, example) => ({ example, tokens: prompt }));
  return generate(
    { model, prompts, samples, temperature: 1, maxAnswerTokens, endTokens: [0], padToken: 0, random },
    quiet,
  );
}

async function modelOf(isSmall: boolean, name: string): Promise<ModelFiles> {
  const config = configFor('smollm2', isSmall);
  const { files } = await initialise({ config, seed: 1, outputDirectory: join(workFolder, name) }, quiet);
  return inPrecision(files, 'bfloat16');
}

/** Answers of up to 128 tokens to so many prompts; the second time counts. */
async function rollouts(rows: number, isSmall: boolean): Promise<Figures> {
  const model = await modelOf(isSmall, 'sampled');
  const run = () => sample(model, isSmall ? 4 : rows, 1, isSmall ? 8 : 128);
  const first = await timed(run);
  const { result, milliseconds, transfers } = await timed(run);
  const { generatedTokens } = result.work;
  return {
    rows: result.answers.length,
    tokens: generatedTokens,
    tokensPerSecond: Math.round((generatedTokens / milliseconds) * 1000),
    seconds: round(milliseconds / 1000),
    firstSeconds: round(first.milliseconds / 1000),
    transferShare: round(transfers.share),
    usedMiB: await usedMiB(),
  };
}

/** How much of the time the GPU was busy while some work ran, in percent; null where there is no nvidia-smi. */
async function utilisation<Result>(work: () => Promise<Result>): Promise<{ result: Result; busy: number | null }> {
  const query = ['--query-gpu=utilization.gpu', '--format=csv,noheader,nounits', '-lms', '100'];
  const watcher = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  watcher.on('error', () => undefined);
  watcher.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  try {
    const result = await work();
    const samples = text.split('\n').flatMap((line) => (/^\d+/.test(line) ? [Number.parseInt(line, 10)] : []));
    return { result, busy: samples.length === 0 ? null : round(mean(samples), 3) };
  } finally {
    watcher.kill();
  }
}

/** Two rounds of ReFT as an engine computes them, without Temporal and the store: rollouts, random rewards, PPO. The second counts. */
async function rounds(isSmall: boolean): Promise<Figures> {
  const [questions, samples, tokens] = isSmall ? [2, 2, 6] : [64, 4, 128];
  const reference = await modelOf(isSmall, 'policy');
  const next = numbersFrom(3);
  let model = reference;
  let figures: Figures = {};
  for (let index = 0; index < 2; index++) {
    const { result, busy } = await utilisation(async () => {
      const sampled = await timed(() => sample(model, questions, samples, tokens));
      const prompts = sequences(lengths(questions)).map(({ prompt }) => prompt);
      const answers = sampled.result.answers.map(({ example, tokens: answer, logProbs, truncated }) => ({
        prompt: required(prompts[example], 'a prompt'),
        answer,
        group: example,
        reward: next() < 0.5 ? 1 : 0,
        truncated,
        logProbs,
      }));
      const half = Math.ceil(answers.length / 2);
      const all = answers.map((_, place) => place);
      const trained = await timed(() =>
        trainPolicy(
          {
            model,
            reference,
            rollouts: answers,
            miniBatches: [all.slice(0, half), all.slice(half)],
            optimiser: { ...adamW, learningRates: [3e-6, 3e-6] },
            algorithm: { name: 'ppo' },
            maxAnswerTokens: tokens,
            outputDirectory: join(workFolder, `round-${index}`),
          },
          quiet,
        ),
      );
      return { sampled, trained };
    });
    const { sampled, trained } = result;
    model = trained.result.files;
    figures = {
      answers: sampled.result.answers.length,
      samplingSeconds: round(sampled.milliseconds / 1000),
      trainingSeconds: round(trained.milliseconds / 1000),
      idlePercent: busy === null ? null : round(100 - busy, 3),
      samplerMismatch: round(trained.result.metrics.samplerMismatch ?? Number.NaN),
      ratio: round(trained.result.metrics.ratio ?? Number.NaN),
      transferShare: round(trained.transfers.share),
      usedMiB: await usedMiB(),
    };
  }
  return figures;
}

export const samplingRows: readonly Row[] = [
  { name: 'rollouts-64', measure: (isSmall) => rollouts(64, isSmall) },
  { name: 'rollouts-256', measure: (isSmall) => rollouts(256, isSmall) },
  { name: 'rounds', measure: rounds },
];
