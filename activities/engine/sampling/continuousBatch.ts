/**
 * Continuous batching: the rows of a batch are slots. An answer that has ended leaves its slot at once, and the next waiting
 * answer takes it; when none waits, the batch shrinks. So no step computes anything for an answer that has ended.
 *
 * A token depends on its own prompt, sample and position alone: random numbers are keyed by them, never by slot, and rows do not
 * attend to each other. Which answers share a batch changes float rounding only: about 10⁻⁶ in a log-probability.
 */
import { InvalidModel } from '../../errors.js';
import { at, required } from '../../invariant.js';
import { chosenDevice } from '../ort/devices.js';
import type { BoundRun } from '../ort/runInPlace.js';
import type { Decoder, StepArrays } from './decoder.js';
import { copyRow, createCache, releaseCache } from './keyValueCache.js';
import { createPrefixCache, type PrefixCache, prefillRows } from './prefixCache.js';
import { type StreamKey, uniform } from './random.js';

/** An answer as it grows. */
export interface Answer {
  readonly example: number;
  readonly sample: number;
  readonly prompt: readonly number[];
  /** Most tokens it may have: the task's limit, or fewer where the model's positions end. */
  readonly limit: number;
  readonly tokens: number[];
  readonly logProbs: number[];
}

export interface Decoding {
  readonly decoder: Decoder;
  /** Most rows of the batch. */
  readonly slots: number;
  /** Positions of a row: those of the longest prompt and answer together. */
  readonly capacity: number;
  readonly endTokens: readonly number[];
  readonly random: StreamKey;
  /** Called between two steps. An error that it throws ends the decoding. */
  readonly safePoint: () => void;
  /** Told how many answers ended in a step. */
  readonly onEnded: (answers: number) => void;
  /** Told of each token of an answer, the last in its list. False ends the answer there. */
  readonly onToken?: (answer: Answer) => boolean;
  /** Waited for after each step, by callers whose thread has more to do. */
  readonly afterStep?: () => Promise<void>;
  /** Whether steps come in few sizes. Left out: as the device likes it. */
  readonly fixedSteps?: boolean;
}

/**
 * Decodes answers to their end: fills in their `tokens` and `logProbs`.
 * @param answers in the order in which they get slots. The samples of a prompt follow each other and share one `prompt` array.
 * @returns how many tokens went through the model.
 * @throws InvalidModel when the model's probabilities are not finite.
 */
export async function decode(answers: readonly Answer[], decoding: Decoding): Promise<number> {
  const { decoder, random } = decoding;
  const ends = new Set(decoding.endTokens);
  const slots = Math.min(decoding.slots, answers.length);
  const cache = await createCache(decoder.attention, slots, decoding.capacity, decoder.precision);
  const prompts = [...new Set(answers.map(({ prompt }) => prompt))];
  const arrays: StepArrays = {
    tokens: new BigInt64Array(slots),
    positions: new Int32Array(slots),
    uniforms: new Float32Array(slots),
    logProbs: new Float32Array(slots),
  };
  /** The answers that have slots: `rows[i]` is decoded in row i of the cache. */
  const rows: Answer[] = [];
  /** The first answer that waits. */
  let next = 0;
  let forwardTokens = 0;

  /** Gives a row to an answer. The cache's row must hold the answer's prompt. */
  const start = (row: number, answer: Answer): void => {
    const { prompt } = answer;
    rows[row] = answer;
    arrays.tokens[row] = BigInt(at(prompt, -1));
    arrays.positions[row] = prompt.length - 1;
    next++;
  };
  // Created with the first prompt that it has to compute.
  let prefixes: PrefixCache | undefined;
  /** Gives a row to the next answer that waits; false when none does. */
  const startNext = async (row: number): Promise<boolean> => {
    const answer = answers[next];
    if (!answer) return false;
    decoding.safePoint();
    prefixes ??= await createPrefixCache(decoder, prompts);
    forwardTokens += await prefixes.copyTo(cache, row, answer.prompt);
    start(row, answer);
    return true;
  };
  /** Takes a row out of the batch: the last row moves into its place. */
  const remove = (row: number): void => {
    const moved = required(rows.pop(), 'the last row');
    const from = rows.length;
    if (row === from) return;
    const position = at(arrays.positions, from);
    copyRow(cache, from, cache, row, position);
    rows[row] = moved;
    arrays.tokens[row] = at(arrays.tokens, from);
    arrays.positions[row] = position;
  };

  const { fixedSteps = chosenDevice().preferences.fixedSteps } = decoding;
  const sizeOf = (): number => stepSize(rows.length, slots, fixedSteps);
  let size = 0;
  let step: BoundRun | undefined;
  try {
    if (prompts.length === answers.length) {
      forwardTokens += await prefillRows(decoder, cache, prompts.slice(0, slots), decoding.safePoint);
      for (const [row, answer] of answers.slice(0, slots).entries()) start(row, answer);
    } else while (rows.length < slots) await startNext(rows.length);
    while (rows.length > 0) {
      if (step === undefined || sizeOf() !== size) {
        step?.release();
        size = sizeOf();
        step = decoder.bindStep(cache, arrays, size);
      }
      decoding.safePoint();
      rows.forEach(({ example, sample, tokens }, row) => {
        arrays.uniforms[row] = uniform({ ...random, example, sample, position: tokens.length });
      });
      await step.run();
      const decoded = rows.length;
      forwardTokens += decoded;
      let ended = 0;
      // From the last row to the first, so that a row that `remove` moves has had its token appended.
      for (let row = decoded - 1; row >= 0; row--) {
        const answer = at(rows, row);
        append(answer, Number(at(arrays.tokens, row)), at(arrays.logProbs, row));
        arrays.positions[row] = at(arrays.positions, row) + 1;
        const isWanted = decoding.onToken === undefined || decoding.onToken(answer);
        if (isWanted && !ends.has(at(answer.tokens, -1)) && answer.tokens.length < answer.limit) continue;
        ended++;
        if (!(await startNext(row))) remove(row);
      }
      if (ended > 0) decoding.onEnded(ended);
      await decoding.afterStep?.();
    }
  } finally {
    step?.release();
    releaseCache(cache);
    prefixes?.release();
  }
  return forwardTokens;
}

/** Where steps are of fixed sizes, they shrink to a quarter at once, and not further than to so many rows: fewer take as long. */
const smallestFixed = 16;

/**
 * Rows that a step computes, of which so many have answers. The results of others are not read.
 *
 * A batch of one row runs other kernels, which round differently: up to 10⁻⁴ in a log-probability, against 10⁻⁶ between rows of a
 * batch. So a batch that had two rows keeps a second one.
 */
export function stepSize(rows: number, slots: number, isFixed: boolean): number {
  const least = Math.max(rows, Math.min(2, slots));
  if (!isFixed) return least;
  let size = slots;
  for (let next = size; next >= least; next = Math.ceil(size / 4)) {
    size = next;
    if (size <= smallestFixed) break;
  }
  return size;
}

function append(answer: Answer, token: number, logProb: number): void {
  if (!Number.isFinite(logProb))
    throw new InvalidModel(
      `example ${answer.example}: the model gives token ${token} the log-probability ${logProb}: its parameters are not finite`,
    );
  answer.tokens.push(token);
  answer.logProbs.push(logProb);
}
