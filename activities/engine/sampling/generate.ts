/**
 * Batched generation: every prompt's samples decoded side by side, a token a step, until each has ended.
 *
 * A token depends on its own prompt, sample and position alone: random numbers are keyed by them, and rows of a batch do not
 * see each other. So who decodes what together matters no more than float rounding does.
 */
import type { GenerateTask, TaskFunction } from '../api.js';
import { languageModel } from '../models/architectures.js';
import type { LanguageModel } from '../models/languageModel.js';
import { InvalidData, InvalidModel, TaskCancelled } from '../runtime/errors.js';
import { loadModel } from '../runtime/modelCache.js';
import type { RunMode } from '../runtime/runInPlace.js';
import { createDecoder, type Decoder, type StepArrays } from './decoder.js';
import { bytesPerRow, copyRow, createCache, type KeyValueCache } from './keyValueCache.js';
import { uniform } from './random.js';

type Input = GenerateTask['input'];
type Output = GenerateTask['output'];
type Context = Parameters<TaskFunction<'generate'>>[1];

/** An answer as it grows. */
interface Answer {
  readonly example: number;
  readonly sample: number;
  readonly prompt: readonly number[];
  /** Most tokens it may have: the task's limit, or what the model's positions leave. */
  readonly limit: number;
  readonly tokens: number[];
  readonly logProbs: number[];
  ended: boolean;
}

/** Rows decoded together at most: beyond it a step takes longer in proportion. */
const largestBatch = 256;
/** Memory for keys and values at most; long answers of large models are decoded in smaller batches. */
const largestCacheBytes = 1 << 30;
/** Prompts that fill the cache together: more gain nothing and need memory for attention scores. */
const prefillRows = 8;

/**
 * Generates `samples` answers to every prompt.
 * @param mode how results are fetched: left out, the fastest that works.
 * @throws InvalidData when no token may be generated, or naming the example whose prompt is empty, too long, or has tokens the
 * model does not know.
 * @throws InvalidModel when the model's probabilities are not numbers.
 * @throws TaskCancelled between two steps.
 */
export async function generate(input: Input, context: Context, mode?: RunMode): Promise<Output> {
  const start = performance.now();
  const { config } = input.model;
  if (input.maxAnswerTokens < 1)
    throw new InvalidData(`maxAnswerTokens must be 1 or more, got ${input.maxAnswerTokens}`);
  const model = languageModel(config);
  for (const prompt of input.prompts) checkPrompt(prompt, model);
  const answers = input.prompts.flatMap(({ example, tokens }) =>
    Array.from({ length: input.samples }, (_, sample): Answer => {
      const limit = Math.min(input.maxAnswerTokens, model.positions - tokens.length);
      return { example, sample, prompt: tokens, limit, tokens: [], logProbs: [], ended: false };
    }),
  );
  const decoder = await createDecoder(config, await loadModel(input.model), input.temperature === 0, mode);
  let finished = 0;
  let forwardTokens = 0;
  for (const batch of batches(answers, model)) {
    forwardTokens += await decode(batch, decoder, input, context, (ended) => {
      finished += ended;
      context.onProgress(finished, answers.length);
    });
  }
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

const positionsOf = ({ prompt, limit }: Answer): number => prompt.length + limit;

/** Splits answers, in order, into runs that fit the limits above. */
function batches(answers: readonly Answer[], { attention }: LanguageModel): Answer[][] {
  const longest = answers.reduce((most, answer) => Math.max(most, positionsOf(answer)), 1);
  const rows = Math.floor(largestCacheBytes / bytesPerRow(attention, longest));
  const size = Math.min(Math.max(rows, 1), largestBatch);
  return Array.from({ length: Math.ceil(answers.length / size) }, (_, index) =>
    answers.slice(index * size, (index + 1) * size),
  );
}

/** Decodes a batch to its end. @returns how many tokens went through the model. */
async function decode(
  batch: readonly Answer[],
  decoder: Decoder,
  { model, endToken, random }: Input,
  context: Context,
  onEnded: (answers: number) => void,
): Promise<number> {
  const cache = createCache(languageModel(model.config).attention, batch.length, Math.max(...batch.map(positionsOf)));
  const { rows, forwardTokens: prefilled } = await prefill(batch, cache, decoder, context);
  const arrays: StepArrays = {
    tokens: BigInt64Array.from(rows, ({ prompt }) => BigInt(prompt.at(-1) ?? 0)),
    positions: Int32Array.from(rows, ({ prompt }) => prompt.length - 1),
    uniforms: new Float32Array(rows.length),
    logProbs: new Float32Array(rows.length),
  };
  let forwardTokens = prefilled;
  let active = rows;
  let remaining = rows.length;
  let step = decoder.bindStep(cache, arrays, active.length);
  while (remaining > 0) {
    stopIfCancelled(context);
    active.forEach(({ example, sample, tokens }, row) => {
      arrays.uniforms[row] = uniform({ ...random, example, sample, position: tokens.length });
    });
    await step();
    forwardTokens += remaining;
    const before = remaining;
    active.forEach((answer, row) => {
      if (answer.ended) return;
      append(answer, Number(arrays.tokens[row]), arrays.logProbs[row] ?? Number.NaN, endToken);
      // An ended row stays where it is, writing over its last position, until it is dropped.
      if (answer.ended) remaining--;
      else arrays.positions[row] = (arrays.positions[row] ?? 0) + 1;
    });
    if (remaining < before) onEnded(before - remaining);
    if (remaining > 0 && remaining <= active.length / 2) {
      active = dropEnded(active, arrays, cache);
      step = decoder.bindStep(cache, arrays, active.length);
    }
  }
  return forwardTokens;
}

/**
 * Brings every prompt but its last token into the cache, each distinct prompt once, and copies it to the rows of its other
 * samples. Rows are ordered anew for that: the first sample of each prompt, then the rest.
 */
async function prefill(
  batch: readonly Answer[],
  cache: KeyValueCache,
  decoder: Decoder,
  context: Context,
): Promise<{ readonly rows: readonly Answer[]; readonly forwardTokens: number }> {
  const firstRows = new Map<readonly number[], number>();
  const others: Answer[] = [];
  const firsts = batch.filter((answer) => {
    const isFirst = !firstRows.has(answer.prompt);
    if (isFirst) firstRows.set(answer.prompt, firstRows.size);
    else others.push(answer);
    return isFirst;
  });
  const cached = firsts.map(({ prompt }) => prompt.slice(0, -1));
  for (let row = 0; row < cached.length; row += prefillRows) {
    stopIfCancelled(context);
    await decoder.prefill(cache, row, cached.slice(row, row + prefillRows));
  }
  others.forEach(({ prompt }, index) => {
    copyRow(cache, firstRows.get(prompt) ?? 0, firsts.length + index, prompt.length - 1);
  });
  return {
    rows: [...firsts, ...others],
    forwardTokens: cached.reduce((total, prompt) => total + prompt.length, 0),
  };
}

function append(answer: Answer, token: number, logProb: number, endToken: number): void {
  if (!Number.isFinite(logProb))
    throw new InvalidModel(
      `example ${answer.example}: the model gives token ${token} the log-probability ${logProb}: its parameters are not finite`,
    );
  answer.tokens.push(token);
  answer.logProbs.push(logProb);
  answer.ended = token === endToken || answer.tokens.length === answer.limit;
}

/** Moves the rows that go on to the front. */
function dropEnded(rows: readonly Answer[], arrays: StepArrays, cache: KeyValueCache): readonly Answer[] {
  const kept: Answer[] = [];
  rows.forEach((answer, row) => {
    if (answer.ended) return;
    const target = kept.length;
    const position = arrays.positions[row] ?? 0;
    if (target !== row) copyRow(cache, row, target, position);
    arrays.positions[target] = position;
    arrays.tokens[target] = arrays.tokens[row] ?? 0n;
    kept.push(answer);
  });
  return kept;
}

function stopIfCancelled(context: Context): void {
  if (context.isCancelled()) throw new TaskCancelled('generate was cancelled');
}
