/**
 * A process of its own that trains and decodes small models on the device that REFT_DEVICE names, leaves the files in the folder given,
 * and prints, as JSON, answers, metrics, and what went to and from the device. Run by resident.integration.test.ts.
 */
import { join } from 'node:path';
import { loadCudaRuntime } from '../../../../activities/engine/ort/capi/cudaLibraries.js';
import { createResidentSession } from '../../../../activities/engine/ort/capi/residentSession.js';
import { chosenDevice } from '../../../../activities/engine/ort/devices.js';
import { kernelErrors } from '../../../../activities/engine/ort/kernels/selfTest.js';
import { deviceMemory, transfersSoFar } from '../../../../activities/engine/ort/memory/twins.js';
import { ownKernels, selfTest } from '../../../../activities/engine/ort/runInPlace.js';
import { createDecoder } from '../../../../activities/engine/sampling/decoder.js';
import { generate } from '../../../../activities/engine/sampling/generate.js';
import { createCache } from '../../../../activities/engine/sampling/keyValueCache.js';
import { initialise } from '../../../../activities/engine/tasks/initialise.js';
import { trainPolicy } from '../../../../activities/engine/tasks/trainPolicy.js';
import { supervisedFeeds, trainSupervised } from '../../../../activities/engine/tasks/trainSupervised.js';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import { trimSessions } from '../../../../activities/engine/training/sessions.js';
import { createTrainer } from '../../../../activities/engine/training/trainer.js';
import { loadModel, type ModelFiles } from '../../../../activities/engine/weights/modelFiles.js';
import { writeSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { decodeTensors, ppoOf, readFixture } from '../../../reference/fixtures.js';
import { gradientsAsMoments } from '../runGraph.js';
import { tinyConfig } from '../support/tinyConfig.js';

/** Of one step. */
export interface StepTransfers {
  readonly uploads: number;
  readonly uploadedBytes: number;
  readonly downloads: number;
  readonly downloadedBytes: number;
}

export interface ResidentReport {
  readonly mode: string;
  readonly losses: readonly number[];
  /** Of three training steps, of two in micro-batches, and of three decoding steps. */
  readonly training: readonly StepTransfers[];
  readonly microBatches: readonly StepTransfers[];
  readonly decoding: readonly StepTransfers[];
  readonly policyMetrics: Readonly<Record<string, number>>;
  readonly answers: readonly { readonly tokens: readonly number[]; readonly logProbs: readonly number[] }[];
  /** While they were decoded: copies on the device, and decoding steps, each of which brings one copy back. */
  readonly copies: number;
  readonly steps: number;
  /** Losses in bfloat16; why our own kernels do not run, and how far off they are where they do. */
  readonly halfLosses: readonly number[];
  readonly ownKernels: string | null;
  readonly kernelErrors: Readonly<Record<string, number>> | null;
  /** What the stand-in counted, where the device is made of it. */
  readonly standIn: {
    readonly uploads: number;
    readonly downloads: number;
    readonly live: number;
    readonly launched: number;
  } | null;
  readonly counted: { readonly uploads: number; readonly downloads: number };
}

const folder = process.argv[2] ?? '';
const context = { onProgress: () => undefined, isCancelled: () => false };
const { config, optimiser, batches, ...fixture } = readFixture('llama-grouped');
const parameters = join(folder, 'model.safetensors');
await writeSafetensors(parameters, decodeTensors(fixture.parameters));
const model: ModelFiles = { config, parameters, step: 0 };

async function transfersOf(step: () => Promise<unknown>): Promise<StepTransfers> {
  const before = transfersSoFar();
  await step();
  const after = transfersSoFar();
  return {
    uploads: after.uploads - before.uploads,
    uploadedBytes: after.uploadedBytes - before.uploadedBytes,
    downloads: after.downloads - before.downloads,
    downloadedBytes: after.downloadedBytes - before.downloadedBytes,
  };
}

/** Feeds of a batch's micro-batches, each of the sequences given. */
function feedsOf(batch: readonly TokenSequence[], groups: readonly (readonly TokenSequence[])[]) {
  const answers = batch.reduce((total, { answer }) => total + answer.length, 0);
  return groups.map((group) => supervisedFeeds(group, answers));
}

async function train(isWhole: boolean, name: string) {
  const losses: number[] = [];
  const transfers: StepTransfers[] = [];
  const trainer = await createTrainer({ objective: 'supervised', config }, model, optimiser);
  for (const [index, batch] of batches.entries()) {
    const feeds = feedsOf(batch, isWhole ? [batch] : batch.map((sequence) => [sequence]));
    const step = async () => {
      const { loss = Number.NaN } = await trainer.step(feeds, optimiser.learningRates[index] ?? 0);
      losses.push(loss);
    };
    transfers.push(await transfersOf(step));
  }
  await trainer.save(join(folder, name));
  return { losses, transfers };
}

async function trainInHalf(): Promise<readonly number[]> {
  const compute = { precision: 'bfloat16', recompute: false, attentionInBlocks: false } as const;
  const trainer = await createTrainer({ objective: 'supervised', config, compute }, model, optimiser);
  const losses: number[] = [];
  for (const [index, batch] of batches.entries()) {
    const { loss = Number.NaN } = await trainer.step(feedsOf(batch, [batch]), optimiser.learningRates[index] ?? 0);
    losses.push(loss);
  }
  return losses;
}

async function trainTasks() {
  const [first = []] = batches;
  await trainSupervised(
    {
      model,
      batches: [first],
      optimiser: { ...gradientsAsMoments, learningRates: [0] },
      outputDirectory: join(folder, 'gradients'),
    },
    context,
  );
  const { lora, adapters } = readFixture('lora');
  const file = join(folder, 'adapters.safetensors');
  await writeSafetensors(file, decodeTensors(adapters));
  const adapted = { ...model, adapters: { file, lora } };
  const { files } = await trainSupervised(
    { model: adapted, batches, optimiser, outputDirectory: join(folder, 'lora') },
    context,
  );
  return files;
}

async function trainPpo() {
  const { config: policy, batch, steps: _, ...settings } = readFixture('ppo');
  const written = async (name: string, tensors: typeof settings.parameters): Promise<ModelFiles> => {
    const path = join(folder, `${name}.safetensors`);
    await writeSafetensors(path, decodeTensors(tensors));
    return { config: policy, parameters: path, step: 0 };
  };
  const { metrics } = await trainPolicy(
    {
      algorithm: ppoOf(settings),
      maxAnswerTokens: 8,
      miniBatches: settings.miniBatches,
      optimiser: settings.optimiser,
      model: await written('policy', settings.parameters),
      reference: await written('reference', settings.reference),
      rollouts: settings.rollouts.map((rollout, index) => ({
        ...rollout,
        group: index,
        truncated: false,
        logProbs: batch.logProbs[index] ?? [],
      })),
      outputDirectory: join(folder, 'ppo'),
    },
    context,
  );
  return metrics;
}

/** Answers of a fresh model and of one with adapters: more of them than rows, of different lengths. */
async function decode(adapted: ModelFiles): Promise<ResidentReport['answers']> {
  const { files } = await initialise(
    // A vocabulary so large that tokens are drawn in two stages.
    { config: { ...tinyConfig, vocab_size: 600 }, seed: 3, outputDirectory: join(folder, 'decoded') },
    context,
  );
  const answers = [];
  for (const [decoded, samples, temperature] of [
    [files, 3, 1],
    [files, 1, 0],
    [adapted, 3, 1],
  ] as const) {
    const prompts = [[5], [3, 4, 5, 6, 7, 8, 9, 10, 11], [12, 2], [9, 9, 9, 9]];
    const output = await generate(
      {
        model: decoded,
        prompts: prompts.map((tokens, example) => ({ example, tokens })),
        samples,
        temperature,
        maxAnswerTokens: 12,
        endTokens: [1],
        padToken: 0,
        random: { seed: 5, purpose: 'rollout', round: 0 },
      },
      context,
      { slots: 3 },
    );
    answers.push(...output.answers.map(({ tokens, logProbs }) => ({ tokens, logProbs })));
  }
  return answers;
}

/** Steps whose arrays are bound once. */
async function decodingSteps(): Promise<StepTransfers[]> {
  const decoder = await createDecoder(config, await loadModel(model), { greedy: false });
  const cache = await createCache(decoder.attention, 2, 8);
  const arrays = {
    tokens: BigInt64Array.of(3n, 4n),
    positions: new Int32Array(2),
    uniforms: Float32Array.of(0.3, 0.6),
    logProbs: new Float32Array(2),
  };
  const step = decoder.bindStep(cache, arrays, 2);
  const transfers: StepTransfers[] = [];
  for (let position = 0; position < 3; position++) {
    arrays.positions.fill(position);
    transfers.push(await transfersOf(() => step.run()));
  }
  step.release();
  return transfers;
}

function standInCounts(): ResidentReport['standIn'] {
  if (process.env.REFT_DEVICE !== 'cuda-rehearsal') return null;
  const library = loadCudaRuntime();
  const copies = library.func('stand_in_copies', 'long', ['int']);
  const [live, launched] = ['stand_in_live', 'stand_in_launched'].map((name) => library.func(name, 'long', []));
  return {
    uploads: Number(copies(1)),
    downloads: Number(copies(2)),
    live: Number(live?.()),
    launched: Number(launched?.()),
  };
}

const { mode } = await selfTest();
const whole = await train(true, 'whole');
const inPieces = await train(false, 'pieces');
const adapted = await trainTasks();
const policyMetrics = await trainPpo();
const before = transfersSoFar();
const answers = await decode(adapted);
const after = transfersSoFar();
const halfLosses = await trainInHalf();
const fault = await ownKernels();
const report: ResidentReport = {
  mode,
  losses: whole.losses,
  training: whole.transfers,
  microBatches: inPieces.transfers,
  policyMetrics,
  answers,
  copies: after.copies - before.copies,
  steps: after.downloads - before.downloads,
  halfLosses,
  ownKernels: fault,
  kernelErrors:
    fault === null ? kernelErrors('float16', chosenDevice(), (model) => createResidentSession(model, 1)) : null,
  decoding: await decodingSteps(),
  counted: transfersSoFar(),
  standIn: standInCounts(),
};
await trimSessions();
if (mode === 'resident') deviceMemory().settle();
console.log(JSON.stringify(report));
