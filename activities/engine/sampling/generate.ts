/**
 * The task `generate`: answers to prompts, sampled or greedy, with their log-probabilities.
 *
 * It decodes all answers in one continuous batch. Those of a small model are split over worker threads, each with a batch of its
 * own.
 */
import { InvalidData, TaskCancelled } from '../../errors.js';
import { at } from '../../invariant.js';
import type { Precision } from '../graph/precision.js';
import { languageModel } from '../models/index.js';
import type { AttentionSizes, LanguageModel } from '../models/languageModel.js';
import type { EngineWork, RunContext } from '../threads/task.js';
import { maxWorkerThreads, runInWorkerThreads } from '../threads/workerThreads.js';
import { type MemoryBudget, machineBudget } from '../training/memoryBudget.js';
import { loadModel, type ModelFiles } from '../weights/modelFiles.js';
import { type Answer, decode } from './continuousBatch.js';
import { createDecoder } from './decoder.js';
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
    /** The first of them that is generated ends an answer. */
    readonly endTokens: readonly number[];
    readonly padToken: number;
    readonly random: { readonly seed: number; readonly purpose: RandomPurpose; readonly round: number };
    /** As the run was planned. */
    readonly memory?: MemoryBudget | undefined;
  };
  readonly output: {
    /** In order of prompt, then sample. */
    readonly answers: readonly {
      readonly example: number;
      readonly sample: number;
      readonly tokens: readonly number[];
      /** Of each token, in nats. */
      readonly logProbs: readonly number[];
      /** Whether the answer ended at its limit, not with an end token. */
      readonly truncated: boolean;
    }[];
    /** Of the attempt that succeeded, where memory had run out before. */
    readonly halvedMemory?: MemoryBudget;
    readonly work: EngineWork;
  };
}

type Input = GenerateTask['input'];
type Output = GenerateTask['output'];

/** Most rows of a batch. With more, a step takes longer in proportion. */
const largestBatch = 256;
/** Fewest answers for a worker thread. With fewer, messages cost more than the thread saves. */
const minAnswersPerThread = 16;

/** Set by tests and benchmarks. The default is the fastest. */
export interface GenerateOptions {
  /** 1 means this thread, which the options below are for. */
  readonly workerThreads?: number;
  /** Most rows of a batch. */
  readonly slots?: number;
}

/**
 * Generates `samples` answers to every prompt.
 * @throws InvalidData when no token may be generated, or a prompt is empty, too long or has tokens unknown to the model.
 * @throws InvalidModel when the model's probabilities are not finite.
 * @throws EngineCrashed when a worker thread ends.
 * @throws TaskCancelled between two steps.
 */
export async function generate(input: Input, context: RunContext, options: GenerateOptions = {}): Promise<Output> {
  if (input.maxAnswerTokens < 1)
    throw new InvalidData(`maxAnswerTokens must be 1 or more, got ${input.maxAnswerTokens}`);
  const model = languageModel(input.model.config);
  for (const prompt of input.prompts) checkPrompt(prompt, model);
  const isHere = options.slots !== undefined || isLarge(model);
  const workerThreads = options.workerThreads ?? (isHere ? 1 : threadsFor(input));
  if (workerThreads > 1) return generateInThreads(input, context, workerThreads);
  return generateHere(input, model, context, options);
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

/** As many worker threads as there can be, each with a prompt of its own and enough answers. */
function threadsFor({ prompts, samples }: Input): number {
  const worthwhile = Math.floor((prompts.length * samples) / minAnswersPerThread);
  return Math.max(1, Math.min(maxWorkerThreads(), prompts.length, worthwhile));
}

/** Gives every worker thread about as many prompts, of similar lengths. The split changes answers by float rounding only. */
async function generateInThreads(input: Input, context: RunContext, workerThreads: number): Promise<Output> {
  const start = performance.now();
  const { prompts, samples } = input;
  const promptsOf = Array.from({ length: workerThreads }, (): number[] => []);
  const byLength = [...prompts.keys()].sort((a, b) => at(prompts, b).tokens.length - at(prompts, a).tokens.length);
  for (const [place, prompt] of byLength.entries()) at(promptsOf, place % workerThreads).push(prompt);
  const outputs = await runInWorkerThreads<GenerateTask>(
    'generate',
    promptsOf.map((indices) => ({ ...input, prompts: indices.map((index) => at(prompts, index)) })),
    context,
  );

  const answers: Output['answers'][number][] = [];
  for (const [thread, indices] of promptsOf.entries())
    for (const [place, prompt] of indices.entries())
      for (let sample = 0; sample < samples; sample++)
        answers[prompt * samples + sample] = at(at(outputs, thread).answers, place * samples + sample);
  const total = (part: 'forwardTokens' | 'generatedTokens'): number =>
    outputs.reduce((sum, { work }) => sum + work[part], 0);
  return {
    answers,
    work: {
      seconds: (performance.now() - start) / 1000,
      forwardTokens: total('forwardTokens'),
      backwardTokens: 0,
      generatedTokens: total('generatedTokens'),
    },
  };
}

/** Decodes all answers in this thread. */
async function generateHere(
  input: Input,
  model: LanguageModel,
  context: RunContext,
  options: GenerateOptions,
): Promise<Output> {
  const start = performance.now();
  const answers = input.prompts.flatMap(({ example, tokens }) =>
    Array.from({ length: input.samples }, (_, sample): Answer => {
      const limit = Math.min(input.maxAnswerTokens, model.positions - tokens.length);
      return { example, sample, prompt: tokens, limit, tokens: [], logProbs: [] };
    }),
  );
  const capacity = answers.reduce((most, { prompt, limit }) => Math.max(most, prompt.length + limit), 1);
  const parameters = await loadModel(input.model);
  const { precision = 'float32' } = input.model.compute ?? {};
  let finished = 0;
  // Prompts of similar length follow each other, so that computing some together takes little padding.
  const forwardTokens = await decode(
    answers.toSorted((a, b) => b.prompt.length - a.prompt.length),
    {
      decoder: await createDecoder(input.model.config, parameters, {
        greedy: input.temperature === 0,
        isLone: answers.length === 1,
        precision,
      }),
      slots: options.slots ?? rowsTogether(model.attention, capacity, precision, input.memory ?? machineBudget()),
      capacity,
      endTokens: input.endTokens,
      random: input.random,
      safePoint: () => {
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
      truncated: !input.endTokens.includes(at(tokens, -1)),
    })),
    work: {
      seconds: (performance.now() - start) / 1000,
      forwardTokens,
      backwardTokens: 0,
      generatedTokens: answers.reduce((total, { tokens }) => total + tokens.length, 0),
    },
  };
}

/** How many answers are decoded together: long ones of large models in smaller batches. */
export function rowsTogether(
  attention: AttentionSizes,
  capacity: number,
  precision: Precision | undefined,
  { cache }: MemoryBudget,
): number {
  const rows = Math.floor(cache / bytesPerRow(attention, capacity, precision));
  return Math.min(Math.max(rows, 1), largestBatch);
}
