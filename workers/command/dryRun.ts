/**
 * A run as far as it goes without training: its data prepared, its model's shapes, the memory of its steps. The activities' own code does
 * it, over a store that keeps nothing.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedData } from '../../activities/data/types.js';
import { elementCount } from '../../activities/engine/graph/shape.js';
import { adapterShapes, adaptersOf } from '../../activities/engine/lora/adapters.js';
import { languageModel, type ModelConfig } from '../../activities/engine/models/index.js';
import type { ParameterShapes } from '../../activities/engine/models/languageModel.js';
import { createOptimiser } from '../../activities/engine/optim/index.js';
import { type PlanTrainingTask, planTraining } from '../../activities/engine/tasks/planTraining.js';
import { isFailure } from '../../activities/errors.js';
import { configOfScratch } from '../../activities/initialiseModel.js';
import { createPrepareData } from '../../activities/prepareData.js';
import { hubFromEnvironment } from '../../activities/pretrained/hub.js';
import { obtainModel } from '../../activities/pretrained/obtainModel.js';
import { isCheckpoint, openCheckpoint } from '../../activities/pretrained/openCheckpoint.js';
import { readFolder } from '../../activities/pretrained/readFolder.js';
import { readManifest } from '../../activities/store/checkpoint.js';
import type { Store } from '../../activities/store/types.js';
import { comparisonOf } from '../../workflows/config/reward.js';
import type { Spec } from '../../workflows/config/spec.js';
import { budgetOf, longestAnswers, plannedSteps } from '../../workflows/steps/planMemory.js';
import { openSandbox } from '../openSandbox.js';
import { createDryStore } from './dryStore.js';
import { unitsOf } from './plannedUnits.js';

export interface DryRun {
  /** What would be refused, one message each; what comes after a refusal is not known. */
  readonly refusals: readonly string[];
  readonly data?: PlannedData;
  /** Numbers of parameters: all, and those that are trained. */
  readonly model?: { readonly parameters: number; readonly trained: number };
  readonly memory?: PlanTrainingTask['output'];
  readonly storage?: { readonly checkpointBytes: number; readonly checkpoints: number; readonly bytes: number };
}

export interface PlannedData
  extends Pick<PreparedData, 'vocabularySize' | 'longestPrompt' | 'longestAnswer' | 'dropped'> {
  /** Questions in each set. */
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  readonly warnings: readonly string[];
}

/** @param store of servers that run, for data and models that lie there */
export async function dryRun(spec: Spec, store: Store | undefined): Promise<DryRun> {
  const found: { -readonly [Key in keyof DryRun]: DryRun[Key] } = { refusals: [] };
  const workDirectory = await mkdtemp(join(tmpdir(), 'reft-plan-'));
  const sandbox = openSandbox();
  try {
    const over = createDryStore(store);
    const pretrained = 'from' in spec.model ? await openPretrained(spec.model.from, over, workDirectory) : undefined;
    const prepareData = createPrepareData({
      store: over,
      sandbox,
      hub: hubFromEnvironment(process.env),
      dataDirectory: process.env.REFT_DATA_DIR,
      workDirectory,
    });
    const prepared = await prepareData({
      data: spec.data,
      seed: spec.seed,
      ...comparisonOf(spec.reward),
      ...(pretrained ? { tokenizer: pretrained.tokenizer } : {}),
    });
    found.data = countsOf(prepared);
    const config = pretrained?.config ?? ('from' in spec.model ? undefined : configOfScratch(spec.model, prepared));
    if (config === undefined) return found;
    const { shapes, linear } = languageModel(config);
    const trained = spec.lora ? adapterShapes(adaptersOf(linear, spec.lora)) : shapes;
    const base = sizeOf(shapes);
    found.model = { parameters: base + (spec.lora ? sizeOf(trained) : 0), trained: sizeOf(trained) };
    found.storage = storageOf(spec, prepared, spec.lora ? base : 0, trained);
    found.memory = await planMemory(spec, prepared, config);
    return found;
  } catch (error) {
    if (!isFailure(error) && !(error instanceof Error && error.name === 'ApplicationFailure')) throw error;
    return { ...found, refusals: [error.message] };
  } finally {
    await sandbox.close();
    await rm(workDirectory, { recursive: true, force: true });
  }
}

/** Config and tokenizer of a model to start from; weights of the hub's are not fetched. */
async function openPretrained(from: string, store: Store, directory: string) {
  if (isCheckpoint(from)) {
    const { checkpoint, tokenizer } = await openCheckpoint(store, from);
    return { config: (await readManifest(store, checkpoint)).config, tokenizer };
  }
  const obtained = await obtainModel(from, {
    store,
    hub: hubFromEnvironment(process.env),
    directory,
    withoutWeights: true,
    onBytes: () => undefined,
    signal: new AbortController().signal,
  });
  const { config, special, vocabularySize, tokenizer, otherFiles } = await readFolder(obtained.directory);
  const others = [...otherFiles].map(async ([name, bytes]) => [name, await store.putBytes(bytes)] as const);
  return {
    config,
    tokenizer: {
      ...special,
      vocabularySize,
      tokenizer: await store.putBytes(tokenizer),
      otherFiles: Object.fromEntries(await Promise.all(others)),
    },
  };
}

function countsOf({ train, validation, test, warnings = [], ...others }: PreparedData): PlannedData {
  const { vocabularySize, longestPrompt, longestAnswer, dropped } = others;
  return {
    train: train.count,
    validation: validation.count,
    test: test.count,
    vocabularySize,
    longestPrompt,
    longestAnswer,
    dropped,
    warnings,
  };
}

const sizeOf = (shapes: ParameterShapes): number => shapes.reduce((sum, [, shape]) => sum + elementCount(shape), 0);

/** Checkpoints hold float32, of trained weights with the optimiser's state. */
const bytesPerNumber = 4;

/**
 * At the end, with what `retention` keeps of each training, and the warm-up's.
 * @param frozen weights that all checkpoints share
 */
function storageOf(spec: Spec, { train }: PreparedData, frozen: number, trained: ParameterShapes) {
  const { ruleOf } = createOptimiser(spec.warmUp.optimiser);
  const numbers = trained.reduce(
    (sum, [name, shape]) => sum + elementCount(shape) * (1 + ruleOf(name, shape).state.length),
    0,
  );
  const { last, everyRounds } = spec.retention;
  const kept = unitsOf(spec, train.count).map(({ units }) => {
    const regular = everyRounds === null ? 0 : Math.floor(units / everyRounds);
    // And the best of all.
    return Math.min(units, last + regular + 1);
  });
  const checkpoints = kept.reduce((sum, count) => sum + count, 1);
  const checkpointBytes = numbers * bytesPerNumber;
  return { checkpointBytes, checkpoints, bytes: checkpoints * checkpointBytes + frozen * bytesPerNumber };
}

/** @throws InsufficientMemory */
function planMemory(spec: Spec, data: PreparedData, config: ModelConfig): Promise<PlanTrainingTask['output']> {
  return planTraining(
    {
      config,
      ...(spec.lora ? { lora: spec.lora } : {}),
      compute: spec.compute,
      steps: plannedSteps(spec, data),
      answers: longestAnswers(spec, data),
      memory: budgetOf(spec.memory),
    },
    { onProgress: () => undefined, isCancelled: () => false },
  );
}
