/**
 * Continuous batching: the rows of a batch are slots. An answer that has ended leaves its slot at once, and the next one that
 * waits takes it; when none waits, the batch shrinks. So no step computes anything for an answer that has ended.
 *
 * A token depends on its own prompt, sample and position alone: random numbers are keyed by them, never by slot, and rows do
 * not see each other. So who decodes what beside whom matters no more than float rounding does: about 10⁻⁶ in a log-probability.
 */

import { InvalidModel } from '../../errors.js';
import type { Decoder, StepArrays } from './decoder.js';
import type { GenerateTask } from './generate.js';
import { copyRow, createCache, releaseCache } from './keyValueCache.js';
import { createPrefixCache, type PrefixCache, prefillRows } from './prefixCache.js';
import { uniform } from './random.js';

/** An answer as it grows. */
export interface Answer {
  readonly example: number;
  readonly sample: number;
  readonly prompt: readonly number[];
  /** Most tokens it may have: the task's limit, or what the model's positions leave. */
  readonly limit: number;
  readonly tokens: number[];
  readonly logProbs: number[];
}

export interface Decoding {
  readonly decoder: Decoder;
  /** Answers decoded side by side at most. */
  readonly slots: number;
  /** Positions of the longest prompt with the longest answer. */
  readonly capacity: number;
  readonly endToken: number;
  readonly random: GenerateTask['input']['random'];
  /** Called between two steps; what it throws ends the decoding. */
  readonly checkpoint: () => void;
  readonly onEnded: (answers: number) => void;
}

/**
 * Decodes answers to their end, in this order, samples of a prompt (the same array) one behind the other.
 * @returns how many tokens went through the model.
 * @throws InvalidModel when the model's probabilities are not numbers.
 */
export async function decode(answers: readonly Answer[], decoding: Decoding): Promise<number> {
  const { decoder, endToken, random } = decoding;
  const slots = Math.min(decoding.slots, answers.length);
  const cache = createCache(decoder.attention, slots, decoding.capacity);
  const prompts = [...new Set(answers.map(({ prompt }) => prompt))];
  const arrays: StepArrays = {
    tokens: new BigInt64Array(slots),
    positions: new Int32Array(slots),
    uniforms: new Float32Array(slots),
    logProbs: new Float32Array(slots),
  };
  const rows: Answer[] = [];
  let seated = 0;
  let forwardTokens = 0;

  /** Gives a row that holds the answer's prompt to the answer. */
  const take = (row: number, answer: Answer): void => {
    const { prompt } = answer;
    rows[row] = answer;
    arrays.tokens[row] = BigInt(prompt.at(-1) ?? 0);
    arrays.positions[row] = prompt.length - 1;
    seated++;
  };
  // Created when the first prompt is asked of it.
  let prefixes: PrefixCache | undefined;
  /** Gives a row to the next answer that waits, if there is one. */
  const seat = async (row: number): Promise<boolean> => {
    const answer = answers[seated];
    if (!answer) return false;
    decoding.checkpoint();
    prefixes ??= createPrefixCache(decoder, prompts);
    forwardTokens += await prefixes.copyTo(cache, row, answer.prompt);
    take(row, answer);
    return true;
  };
  /** Closes a gap with the last row. */
  const close = (row: number): void => {
    const last = rows.pop();
    if (!last || row === rows.length) return;
    const position = arrays.positions[rows.length] ?? 0;
    copyRow(cache, rows.length, cache, row, position);
    rows[row] = last;
    arrays.tokens[row] = arrays.tokens[rows.length] ?? 0n;
    arrays.positions[row] = position;
  };

  // One row alone goes through other routines, which round differently (10⁻⁴ in a log-probability at most where rows beside each
  // other differ by 10⁻⁶): so the last row keeps the slot of another beside it, whose results nobody reads.
  const bind = (): (() => Promise<void>) => decoder.bindStep(cache, arrays, Math.max(rows.length, Math.min(2, slots)));

  if (prompts.length === answers.length) {
    forwardTokens += await prefillRows(decoder, cache, prompts.slice(0, slots), decoding.checkpoint);
    for (const [row, answer] of answers.slice(0, slots).entries()) take(row, answer);
  } else while (rows.length < slots) await seat(rows.length);
  let step = bind();
  while (rows.length > 0) {
    decoding.checkpoint();
    rows.forEach(({ example, sample, tokens }, row) => {
      arrays.uniforms[row] = uniform({ ...random, example, sample, position: tokens.length });
    });
    await step();
    const decoded = rows.length;
    forwardTokens += decoded;
    let ended = 0;
    // From the back, so that the row that closes a gap has been looked at.
    for (let row = decoded - 1; row >= 0; row--) {
      const answer = rows[row];
      if (!answer) continue;
      append(answer, Number(arrays.tokens[row]), arrays.logProbs[row] ?? Number.NaN);
      arrays.positions[row] = (arrays.positions[row] ?? 0) + 1;
      if (answer.tokens.at(-1) !== endToken && answer.tokens.length < answer.limit) continue;
      ended++;
      if (!(await seat(row))) close(row);
    }
    if (ended > 0) decoding.onEnded(ended);
    if (rows.length !== decoded) step = bind();
  }
  releaseCache(cache);
  return forwardTokens;
}

function append(answer: Answer, token: number, logProb: number): void {
  if (!Number.isFinite(logProb))
    throw new InvalidModel(
      `example ${answer.example}: the model gives token ${token} the log-probability ${logProb}: its parameters are not finite`,
    );
  answer.tokens.push(token);
  answer.logProbs.push(logProb);
}
