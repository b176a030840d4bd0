/**
 * Answers to prompts: checks what is asked, decodes all samples in one continuous batch (small models in one on each core), and
 * reports the work.
 */

import { InvalidData, TaskCancelled } from '../../errors.js';
import { languageModel } from '../models/architectures.js';
import type { LanguageModel } from '../models/languageModel.js';
import type { RunMode } from '../ort/runInPlace.js';
import type { EngineWork, RunContext } from '../threads/task.js';
import { maxWorkerThreads } from '../threads/workerThreads.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { loadModel } from '../weights/modelFiles.js';
import { type Answer, decode } from './continuousBatch.js';
import { createDecoder } from './decoder.js';
import { generateInThreads } from './generateInThreads.js';
import { bytesPerRow } from './keyValueCache.js';
import type { RandomPurpose } from './random.js';
import { isLarge } from './stepSession.js';

export interface GenerateTask {
  readonly input: {
    readonly model: ModelFiles;
    /** Distinct prompts; `samples` answers are drawn for each. */
    readonly prompts: readonly { readonly example: number; readonly tokens: readonly number[] }[];
    readonly samples: number;
    /** 0 is greedy, 1 samples from the model's distribution. */
    readonly temperature: 0 | 1;
    readonly maxAnswerTokens: number;
    readonly endToken: number;
    readonly padToken: number;
    readonly random: { readonly seed: number; readonly purpose: RandomPurpose; readonly round: number };
  };
  readonly output: {
    /** In order of prompt, then sample. */
    readonly answers: readonly {
      readonly example: number;
      readonly sample: number;
      readonly tokens: readonly number[];
      readonly logProbs: readonly number[];
      readonly truncated: boolean;
    }[];
    readonly work: EngineWork;
  };
}

type Input = GenerateTask['input'];
type Output = GenerateTask['output'];

/** Rows decoded together at most: beyond it a step takes longer in proportion. */
const largestBatch = 256;
/** Memory for keys and values at most; long answers of large models are decoded in smaller batches. */
const largestCacheBytes = 1 << 30;

/** Answers that are worth a worker thread: fewer take it less time than the exchange of messages and the loss of a common batch. */
const answersPerLane = 16;

/** What tests and benchmarks choose; left out, the fastest. */
export interface GenerateOptions {
  /** In how many worker threads; with 1, or where anything else is chosen, in this thread. */
  readonly workerThreads?: number;
  /** How results are fetched. */
  readonly mode?: RunMode;
  /** Answers decoded side by side at most. */
  readonly slots?: number;
}

/**
 * Generates `samples` answers to every prompt.
 * @throws InvalidData when no token may be generated, or naming the example whose prompt is empty, too long, or has tokens the
 * model does not know.
 * @throws InvalidModel when the model's probabilities are not numbers.
 * @throws EngineCrashed when a worker thread ends.
 * @throws TaskCancelled between two steps.
 */
export async function generate(input: Input, context: RunContext, options: GenerateOptions = {}): Promise<Output> {
  const start = performance.now();
  const { config } = input.model;
  if (input.maxAnswerTokens < 1)
    throw new InvalidData(`maxAnswerTokens must be 1 or more, got ${input.maxAnswerTokens}`);
  const model = languageModel(config);
  for (const prompt of input.prompts) checkPrompt(prompt, model);
  const isInThread = options.mode !== undefined || options.slots !== undefined || isLarge(model);
  const workerThreads = options.workerThreads ?? (isInThread ? 1 : lanesFor(input));
  if (workerThreads > 1) return generateInThreads(input, context, workerThreads);
  const answers = input.prompts.flatMap(({ example, tokens }) =>
    Array.from({ length: input.samples }, (_, sample): Answer => {
      const limit = Math.min(input.maxAnswerTokens, model.positions - tokens.length);
      return { example, sample, prompt: tokens, limit, tokens: [], logProbs: [] };
    }),
  );
  const capacity = answers.reduce((most, { prompt, limit }) => Math.max(most, prompt.length + limit), 1);
  const parameters = await loadModel(input.model);
  let finished = 0;
  // Prompts of like length behind each other, so that computing some together takes little padding.
  const forwardTokens = await decode(
    answers.toSorted((a, b) => b.prompt.length - a.prompt.length),
    {
      decoder: await createDecoder(config, parameters, {
        greedy: input.temperature === 0,
        isLone: answers.length === 1,
        ...(options.mode ? { mode: options.mode } : {}),
      }),
      slots: options.slots ?? mostSlots(model, capacity),
      capacity,
      endToken: input.endToken,
      random: input.random,
      checkpoint: () => {
        if (context.isCancelled()) throw new TaskCancelled('generate was cancelled');
      },
      onEnded: (ended) => {
        finished += ended;
        context.onProgress(finished, answers.length);
      },
    },
  );
  return {
    answers: answers.map(({ example, sample, tokens, logProbs }) => ({
      example,
      sample,
      tokens,
      logProbs,
      truncated: tokens.at(-1) !== input.endToken,
    })),
    work: {
      seconds: (performance.now() - start) / 1000,
      forwardTokens,
      backwardTokens: 0,
      generatedTokens: answers.reduce((total, { tokens }) => total + tokens.length, 0),
    },
  };
}

function checkPrompt({ example, tokens }: Input['prompts'][number], model: LanguageModel): void {
  if (tokens.length === 0) throw new InvalidData(`example ${example}: the prompt is empty`);
  const longest = model.positions - 1;
  if (tokens.length > longest)
    throw new InvalidData(
      `example ${example}: the prompt has ${tokens.length} tokens, the model takes at most ${longest}`,
    );
  const unknown = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= model.vocabularySize);
  if (unknown !== undefined)
    throw new InvalidData(
      `example ${example}: token ${unknown} is not in the model's vocabulary of ${model.vocabularySize} tokens`,
    );
}

/** As many as there can be, each with prompts of its own and answers enough. */
function lanesFor({ prompts, samples }: Input): number {
  const worthwhile = Math.floor((prompts.length * samples) / answersPerLane);
  return Math.max(1, Math.min(maxWorkerThreads(), prompts.length, worthwhile));
}

/** Slots of a batch within the limits above. */
function mostSlots({ attention }: LanguageModel, capacity: number): number {
  const rows = Math.floor(largestCacheBytes / bytesPerRow(attention, capacity));
  return Math.min(Math.max(rows, 1), largestBatch);
}
