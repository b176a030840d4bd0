/**
 * What the training activities are given in tests: a store in memory that takes files, and an engine that notes what it is asked,
 * computes nothing, and names its files after how much it was asked before.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSetRef, Example } from '../../activities/data/types.js';
import type { Engine } from '../../activities/engine/process/engineClient.js';
import type { EngineTasks, TaskName } from '../../activities/engine/tasks/index.js';
import type { EngineWork } from '../../activities/engine/threads/task.js';
import { batchesIn, type SequenceFile } from '../../activities/engine/training/sequenceFile.js';
import type { ModelFiles } from '../../activities/engine/weights/modelFiles.js';
import type { ScoredSample } from '../../activities/rewards/samples.js';
import type { CheckpointRef, ObjectRef, Store } from '../../activities/store/types.js';
import { createMemoryStore } from './data/memoryStore.js';
import { tinyConfig } from './engine/support/tinyConfig.js';

export const work: EngineWork = { seconds: 1, forwardTokens: 20, backwardTokens: 10, generatedTokens: 0 };

export interface Recorded {
  readonly store: Store;
  readonly engine: Engine;
  readonly workDirectory: string;
  /** What one task was asked, in order. */
  inputsOf<Name extends TaskName>(task: Name): InMemory<EngineTasks[Name]['input']>[];
  /** A checkpoint of its own for each name, with moments. */
  checkpoint(name: string, step?: number): Promise<CheckpointRef>;
  dataSet(examples: readonly Example[]): Promise<DataSetRef>;
}

/** A task's input, with the batches that it names a file of. */
type InMemory<Input> = Input extends { readonly batches: infer Given }
  ? Omit<Input, 'batches'> & { readonly batches: Exclude<Given, SequenceFile> }
  : Input;

/** @param answers what tasks say beside their work and files */
export function recordingEngine(answers: { readonly [Name in TaskName]?: object }): Recorded {
  const memory = createMemoryStore();
  const dataSets = new Set<string>();
  /** A file "in the local cache" is named by its content, but for those of data sets, which are read. */
  const store: Store = {
    ...memory,
    putFile: async (path) => memory.putBytes(await readFile(path)),
    getFile: async (ref) =>
      dataSets.has(ref.key) ? memory.getFile(ref) : Buffer.from(await memory.getBytes(ref)).toString(),
  };
  const calls: { readonly task: TaskName; readonly input: unknown }[] = [];
  const run = async (task: TaskName, input: EngineTasks[TaskName]['input']): Promise<unknown> => {
    calls.push({ task, input: withBatches(input) });
    const answer = { work, ...answers[task] };
    if (!('outputDirectory' in input && 'model' in input)) return answer;
    const written = async (name: string): Promise<string> => {
      const path = join(input.outputDirectory, name);
      await writeFile(path, `${name} after ${calls.length} tasks`);
      return path;
    };
    const files: ModelFiles = {
      config: tinyConfig,
      parameters: await written('parameters'),
      moments: await written('moments'),
      step: input.model.step + ('miniBatches' in input ? input.miniBatches.length : 1),
    };
    return { ...answer, files };
  };
  /** What is in a file is read while it is there. */
  const withBatches = (input: EngineTasks[TaskName]['input']): unknown =>
    'batches' in input && 'path' in input.batches ? { ...input, batches: [...batchesIn(input.batches)] } : input;
  return {
    store,
    engine: { run: run as Engine['run'], warmUp: () => undefined, close: async () => undefined },
    workDirectory: join(tmpdir(), 'reft-recording-engine'),
    inputsOf: (task) => calls.filter((call) => call.task === task).map(({ input }) => input as never),
    async checkpoint(name, step = 0) {
      const put = async (part: string): Promise<ObjectRef> => memory.putBytes(Buffer.from(`${name} ${part}`));
      const manifest = {
        kind: 'checkpoint',
        config: tinyConfig,
        parameters: await put('parameters'),
        moments: await put('moments'),
        step,
        tokenizer: await put('tokenizer'),
        randomKeys: {},
      };
      return { ...(await memory.putJson(manifest)), step, weightBytes: manifest.parameters.bytes };
    },
    async dataSet(examples) {
      const ref = await memory.putLines(examples);
      dataSets.add(ref.key);
      return { ...ref, count: examples.length };
    },
  };
}

/** A question whose prompt is its number, and whose annotated answer is one token more than its number says. */
export function question(index: number): Example {
  return {
    id: `question ${index}`,
    question: `${index}?`,
    prompt: `${index}?`,
    promptTokens: [100 + index],
    answer: String(index),
    answerTokens: [...Array<number>(index + 1).fill(index), 1],
    answerValue: index,
  };
}

/** An answer of two tokens, the first of which says whose it is. */
export function answer(
  example: number,
  sample: number,
  reward: number,
  others: Partial<ScoredSample> = {},
): ScoredSample {
  return {
    example,
    sample,
    tokens: [10 * example + sample, 1],
    logProbs: [-0.5, -0.25],
    truncated: false,
    text: `${example} ${sample}`,
    value: reward > 0 ? 1 : null,
    correct: reward === 1,
    reward,
    ...others,
  };
}

export const optimiser = {
  name: 'adamw',
  learningRate: 0.1,
  warmUpSteps: 0,
  schedule: 'constant',
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradNorm: 2,
} as const;
