/**
 * A process of its own that trains on WebGPU and prints, as JSON, where the tensors of each step were and where each operator
 * ran. Run by webgpu.integration.test.ts, with REFT_DEVICE and the driver in its environment.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { lower } from '../../../../activities/engine/graph/lower.js';
import { serialise } from '../../../../activities/engine/graph/onnx/serialise.js';
import { chosenDevice } from '../../../../activities/engine/ort/devices.js';
import { sessionOptions, type Tensors } from '../../../../activities/engine/ort/session.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { supervisedObjective, updateGraph } from '../../../../activities/engine/training/graphs.js';
import type { TokenSequence } from '../../../../activities/engine/training/layout.js';
import { createTrainer, type Trainer } from '../../../../activities/engine/training/trainer.js';
import { readSafetensors, writeSafetensors } from '../../../../activities/engine/weights/safetensors.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { floats, parameterFeeds } from '../runGraph.js';
import { trainingWithin } from '../support/budget.js';

type Locations = Readonly<Record<string, string>>;

export interface WebgpuReport {
  /** Inputs that a step updates: parameters and both moments. */
  readonly state: readonly string[];
  readonly steps: readonly { readonly fed: Locations; readonly fetched: Locations }[];
  /** Of the parameters after three steps in pieces. */
  readonly microBatchError: number;
  readonly microBatches: number;
  /** Operators of a step by where they ran. */
  readonly onCpu: readonly string[];
  readonly onDevice: readonly string[];
}

const { config, optimiser, batches, ...fixture } = readFixture('llama-grouped');
const folder = await mkdtemp(join(tmpdir(), 'reft-webgpu-'));
const parameters = join(folder, 'model.safetensors');
await writeSafetensors(parameters, decodeTensors(fixture.parameters));
const modelGraph = updateGraph(supervisedObjective(config), optimiser);
const state = ['', 'm.', 'v.'].flatMap((prefix) => modelGraph.parameters.map(([name]) => prefix + name));

const newTrainer = (usable?: number): Promise<Trainer> =>
  createTrainer(
    { objective: 'supervised', config },
    { config, parameters, step: 0 },
    optimiser,
    undefined,
    usable === undefined ? usable : trainingWithin(usable),
  );

/** Feeds of a batch's micro-batches, each of the indices given. */
function feedsOf(batch: readonly TokenSequence[], groups: readonly (readonly number[])[]) {
  const answers = batch.reduce((total, { answer }) => total + answer.length, 0);
  return groups.map((group) =>
    supervisedFeeds(
      group.flatMap((index) => batch[index] ?? []),
      answers,
    ),
  );
}

/** Every run of every session made from here on: a read-back between two steps would be one. */
function watchRuns(): { fed: Locations; fetched: Locations }[] {
  const runs: { fed: Locations; fetched: Locations }[] = [];
  const create = InferenceSession.create.bind(InferenceSession) as (
    model: Uint8Array,
    options?: InferenceSession.SessionOptions,
  ) => Promise<InferenceSession>;
  InferenceSession.create = (async (model: Uint8Array, options?: InferenceSession.SessionOptions) => {
    const session = await create(model, options);
    const run = session.run.bind(session) as (feeds: Tensors, ...more: readonly unknown[]) => Promise<Tensors>;
    session.run = (async (feeds: Tensors, ...more: readonly unknown[]) => {
      const fed = locationsOf(feeds);
      const outputs = await run(feeds, ...more);
      runs.push({ fed, fetched: locationsOf(outputs) });
      return outputs;
    }) as typeof session.run;
    return session;
  }) as typeof InferenceSession.create;
  return runs;
}

async function stepsOnDevice(): Promise<WebgpuReport['steps']> {
  const runs = watchRuns();
  const trainer = await newTrainer();
  const [batch = []] = batches;
  const feeds = feedsOf(batch, trainer.split(batch));
  runs.length = 0;
  for (let step = 0; step < 4; step++) await trainer.step(feeds, 1e-3);
  return [...runs];
}

function locationsOf(tensors: Tensors): Locations {
  return Object.fromEntries(Object.entries(tensors).map(([name, { location }]) => [name, location]));
}

async function trainInPieces(): Promise<Pick<WebgpuReport, 'microBatchError' | 'microBatches'>> {
  const trainer = await newTrainer();
  let microBatches = 0;
  for (const [index, batch] of batches.entries()) {
    const pieces = feedsOf(
      batch,
      batch.map((_, sequence) => [sequence]),
    );
    microBatches = Math.max(microBatches, pieces.length);
    await trainer.step(pieces, optimiser.learningRates[index] ?? 0);
  }
  const { tensors } = await readSafetensors((await trainer.save(join(folder, 'pieces'))).parameters);
  const errors = [...decodeTensors(fixture.parametersAfter)].map(([name, { data }]) =>
    relativeError(tensors.get(name)?.data ?? [], data),
  );
  return { microBatchError: Math.max(...errors), microBatches };
}

/** Where onnxruntime's profile of a step says each operator ran. */
async function whereOperatorsRan(): Promise<Pick<WebgpuReport, 'onCpu' | 'onDevice'>> {
  const device = chosenDevice();
  const session = await InferenceSession.create(serialise(lower(modelGraph.graph, device.lacking)), {
    ...sessionOptions(device),
    enableProfiling: true,
    profileFilePrefix: join(folder, 'profile'),
  });
  const stored = decodeTensors(fixture.parameters);
  const [batch = []] = batches;
  const [feeds] = feedsOf(batch, [batch.map((_, index) => index)]);
  const scalars = { learning_rate: 0, step_size: 0, epsilon: 1 };
  await session.run({
    ...feeds,
    ...Object.assign({}, ...['', 'm.', 'v.'].map((prefix) => parameterFeeds(stored, prefix))),
    ...Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, floats([value]).reshape([])])),
  });
  session.endProfiling();
  const [file = ''] = (await readdir(folder)).filter((name) => name.startsWith('profile'));
  const events: readonly ProfileEvent[] = JSON.parse(await readFile(join(folder, file), 'utf8'));
  const operatorsOn = (pattern: RegExp): string[] => [
    ...new Set(
      events.flatMap(({ args }) => (args?.op_name && pattern.test(args.provider ?? '') ? [args.op_name] : [])),
    ),
  ];
  return { onCpu: operatorsOn(/^CPU/), onDevice: operatorsOn(/^WebGpu/) };
}

interface ProfileEvent {
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

const report: WebgpuReport = {
  state,
  steps: await stepsOnDevice(),
  ...(await trainInPieces()),
  ...(await whereOperatorsRan()),
};
await rm(folder, { recursive: true });
console.log(JSON.stringify(report));
