/** Rows of training: gradients, long runs, and how fast steps are on answers of different lengths. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Precision } from '../../../activities/engine/graph/precision.js';
import type { LoraConfig } from '../../../activities/engine/lora/adapters.js';
import type { LlamaConfig } from '../../../activities/engine/models/index.js';
import { addAdapters } from '../../../activities/engine/tasks/addAdapters.js';
import { initialise } from '../../../activities/engine/tasks/initialise.js';
import { supervisedFeeds, trainSupervised } from '../../../activities/engine/tasks/trainSupervised.js';
import type { TokenSequence } from '../../../activities/engine/training/layout.js';
import { metricOf } from '../../../activities/engine/training/runGraph.js';
import { createTrainer, type Trainer } from '../../../activities/engine/training/trainer.js';
import type { ModelFiles } from '../../../activities/engine/weights/modelFiles.js';
import { readSafetensors } from '../../../activities/engine/weights/safetensors.js';
import { required } from '../../../activities/invariant.js';
import { adamW, configFor, inPrecision, lengths, type ModelName, sequences, twoLayers } from './models.js';
import { type Figures, mean, median, quiet, type Row, round, timed, usedMiB, workFolder } from './row.js';

const lora: LoraConfig = { rank: 16, alpha: 32, targetModules: 'all-linear' };

async function modelOf(config: LlamaConfig, name: string): Promise<ModelFiles> {
  const { files } = await initialise({ config, seed: 1, outputDirectory: join(workFolder, name) }, quiet);
  return files;
}

/** A step of the trainer, on a batch in as many micro-batches as it asks for. */
async function step(trainer: Trainer, batch: readonly TokenSequence[], learningRate: number) {
  const answers = batch.reduce((total, { answer }) => total + answer.length, 0);
  const microBatches = trainer.split(batch).map((group) =>
    supervisedFeeds(
      group.map((index) => required(batch[index], 'a sequence')),
      answers,
    ),
  );
  return trainer.step(microBatches, learningRate);
}

/** The gradients of a batch, as the first moments of a step that averages and changes nothing. */
async function gradientsIn(folder: string, isSmall: boolean): Promise<string> {
  const model = await modelOf(twoLayers(isSmall), folder);
  const { files } = await trainSupervised(
    {
      model,
      batches: [sequences(lengths(4))],
      optimiser: { ...adamW, beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, maxGradNorm: 1e30, learningRates: [0] },
      outputDirectory: join(workFolder, folder, 'gradients'),
    },
    quiet,
  );
  return required(files.moments, 'moments');
}

/** Errors relative to the CPU's gradients in float32: of all of them together, and of the worst tensor. */
async function compareGradients(isSmall: boolean): Promise<Figures> {
  // On the CPU in a process of its own: a process computes on one device.
  const program = [
    ...process.execArgv,
    ...process.argv.slice(1, 2),
    cpuGradients.name,
    ...(isSmall ? ['--small'] : []),
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, {
    // The CPU's numbers in one thread: the rows may be one file, without what worker threads are started from.
    env: { ...process.env, REFT_DEVICE: 'cpu-resident' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the CPU's gradients: ${stdout}${stderr}`);
  const [found, expected] = await Promise.all(
    [await gradientsIn('on-device', isSmall), join(workFolder, 'on-cpu/gradients/moments.safetensors')].map((file) =>
      readSafetensors(file),
    ),
  );
  const errors = [...(expected?.tensors ?? [])].flatMap(([name, { data }]) => {
    const ours = found?.tensors.get(name)?.data;
    if (!name.startsWith('m.') || ours === undefined) return [];
    let [difference, size] = [0, 0];
    data.forEach((x, index) => {
      difference += ((ours[index] ?? Number.NaN) - x) ** 2;
      size += x ** 2;
    });
    return [{ name, difference, size, error: Math.sqrt(difference / size) }];
  });
  const total = (what: 'difference' | 'size') => errors.reduce((sum, one) => sum + one[what], 0);
  const [worst] = errors.sort((a, b) => b.error - a.error);
  return {
    tensors: errors.length,
    gradientError: round(Math.sqrt(total('difference') / total('size'))),
    worst: [worst?.name, round(worst?.error ?? Number.NaN)],
  };
}

/**
 * Many steps, each on fresh data: whether loss and norm stay finite (a step throws else), and how low the loss comes. In float16,
 * `skippedSteps` had too large a loss scale.
 */
async function longRun(precision: Precision, isSmall: boolean): Promise<Figures> {
  const steps = isSmall ? 12 : 1_000;
  const model = inPrecision(await modelOf(configFor('smollm2', isSmall), 'long'), precision);
  const { config, compute } = model;
  const trainer = await createTrainer({ objective: 'supervised', config, compute }, model, adamW);
  const losses: number[] = [];
  const { milliseconds } = await timed(async () => {
    for (let index = 0; index < steps; index++) {
      const batch = sequences(lengths(isSmall ? 2 : 8, index + 1), index + 1);
      losses.push(metricOf(await step(trainer, batch, 3e-4), 'loss'));
    }
  });
  return {
    steps,
    seconds: round(milliseconds / 1000),
    first: round(losses[0] ?? Number.NaN, 6),
    last100: round(mean(losses.slice(-100)), 6),
    ...trainer.scaling(),
  };
}

/** Steps in bfloat16 on a batch of answers of different lengths. */
async function speed(name: ModelName, isSmall: boolean, adapters?: LoraConfig): Promise<Figures> {
  const config = configFor(name, isSmall);
  const [steps, warmUp] = isSmall ? [2, 1] : [12, 3];
  const plain = await modelOf(config, name);
  const model = adapters
    ? (
        await addAdapters(
          { model: plain, lora: adapters, seed: 1, outputDirectory: join(workFolder, `${name}-adapters`) },
          quiet,
        )
      ).files
    : plain;
  const { compute } = inPrecision(model, 'bfloat16');
  const training = { objective: 'supervised', config, lora: adapters, compute } as const;
  const sizes = lengths(isSmall ? 2 : 32);
  const batch = sequences(sizes);
  const { result: trainer, milliseconds: opening } = await timed(() =>
    createTrainer(training, { ...model, compute }, adamW),
  );
  const runs = [];
  for (let index = 0; index < steps + warmUp; index++)
    runs.push(await timed(async () => metricOf(await step(trainer, batch, 3e-4), 'loss')));
  const measured = runs.slice(warmUp);
  const middle = median(measured.map(({ milliseconds }) => milliseconds));
  const tokens = sizes.reduce((total, [prompt, answer]) => total + prompt + answer, 0);
  return {
    tokens,
    milliseconds: round(middle),
    tokensPerSecond: Math.round((tokens / middle) * 1000),
    microBatches: trainer.split(batch).length,
    losses: [runs[0], runs.at(-1)].map((run) => round(run?.result ?? Number.NaN, 6)),
    transfers: measured[0]?.transfers.number,
    transferredBytes: measured[0]?.transfers.bytes,
    transferShare: round(median(measured.map(({ transfers }) => transfers.share))),
    openingSeconds: round(opening / 1000),
    firstSeconds: round((runs[0]?.milliseconds ?? 0) / 1000),
    usedMiB: await usedMiB(),
  };
}

export const trainingRows: readonly Row[] = [
  { name: 'gradients', measure: compareGradients },
  { name: 'train-smollm2', measure: (isSmall) => speed('smollm2', isSmall) },
  { name: 'train-qwen', measure: (isSmall) => speed('qwen', isSmall) },
  { name: 'train-qwen-lora', measure: (isSmall) => speed('qwen', isSmall, lora) },
  ...(['bfloat16', 'float32', 'float16'] as const).map((precision) => ({
    name: `long-${precision}`,
    measure: (isSmall: boolean) => longRun(precision, isSmall),
  })),
];

/** Run by the row `gradients` for itself. */
export const cpuGradients: Row = {
  name: 'gradients-cpu',
  measure: async (isSmall) => ({ file: await gradientsIn('on-cpu', isSmall) }),
};
