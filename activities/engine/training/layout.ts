/**
 * From ragged token sequences to the arrays a graph takes. Tokens lie end to end without padding, so that nothing but attention
 * ever sees any: `grid` and `slots` say how to lay them out as `[batch, time]` and back. Losses gather the states that predict
 * answer tokens, so prompts cost no head either.
 */
import type { Tensor } from 'onnxruntime-node';
import { InvalidData } from '../../errors.js';
import { at } from '../../invariant.js';
import { int64 } from '../ort/tensors.js';

/** A prompt with its answer; losses touch the answer's tokens only. */
export interface TokenSequence {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

/** `tokenWeight` is what each of its answer tokens weighs in the batch's loss; left out, all tokens of the batch share 1. */
export interface WeightedSequence extends TokenSequence {
  readonly tokenWeight?: number;
}

export interface SequenceLayout {
  readonly batch: number;
  /** Tokens of the longest sequence. */
  readonly time: number;
  /** `[tokens]`, sequence after sequence. */
  readonly tokens: BigInt64Array;
  /** `[batch, time]`: which token lies there, −1 for padding behind a sequence's end. */
  readonly grid: BigInt64Array;
  /** `[tokens]`: row × time + column of each token. */
  readonly slots: BigInt64Array;
  /** Which tokens' states the loss reads, none twice. */
  readonly positions: BigInt64Array;
}

export interface AnswerLayout extends SequenceLayout {
  /** `[answers]`: the tokens to be predicted, sequence by sequence; `positions` are the states that predict them. */
  readonly labels: BigInt64Array;
  /** `[batch]`: answer tokens of each sequence. */
  readonly answerLengths: readonly number[];
}

/** Tokens that a sequence has in training: its last is only predicted, nothing follows it. */
export function trainedLength({ prompt, answer }: TokenSequence): number {
  return prompt.length + answer.length - 1;
}

/** @throws InvalidData when a prompt or an answer is empty. */
export function layOutAnswers(sequences: readonly TokenSequence[]): AnswerLayout {
  const answerLengths = sequences.map(({ answer }) => answer.length);
  const answers = answerLengths.reduce((a, b) => a + b, 0);
  const positions = new BigInt64Array(answers);
  const labels = new BigInt64Array(answers);
  let [start, next] = [0, 0];
  for (const [index, sequence] of sequences.entries()) {
    const { prompt, answer } = sequence;
    if (prompt.length === 0 || answer.length === 0)
      throw new InvalidData(
        `sequence ${index} of a batch of ${sequences.length} has ${prompt.length} prompt and ${answer.length} answer tokens: it needs some of both`,
      );
    answer.forEach((token, index) => {
      positions[next] = BigInt(start + prompt.length - 1 + index);
      labels[next] = BigInt(token);
      next++;
    });
    start += trainedLength(sequence);
  }
  const rows = sequences.map(({ prompt, answer }) => [...prompt, ...answer.slice(0, -1)]);
  return { ...layOutRows(rows), positions, labels, answerLengths };
}

/** Whole sequences, `positions [batch]` being their last tokens: what the reward model scores. */
export function layOutWhole(sequences: readonly TokenSequence[]): SequenceLayout {
  const positions = new BigInt64Array(sequences.length);
  let end = 0;
  sequences.forEach(({ prompt, answer }, row) => {
    end += prompt.length + answer.length;
    positions[row] = BigInt(end - 1);
  });
  return { ...layOutRows(sequences.map(({ prompt, answer }) => [...prompt, ...answer])), positions };
}

function layOutRows(rows: readonly (readonly number[])[]): Omit<SequenceLayout, 'positions'> {
  const time = Math.max(...rows.map((row) => row.length));
  const count = rows.reduce((total, row) => total + row.length, 0);
  const tokens = new BigInt64Array(count);
  const grid = new BigInt64Array(rows.length * time).fill(-1n);
  const slots = new BigInt64Array(count);
  let next = 0;
  rows.forEach((row, index) => {
    row.forEach((token, column) => {
      const slot = index * time + column;
      tokens[next] = BigInt(token);
      grid[slot] = BigInt(next);
      slots[next] = BigInt(slot);
      next++;
    });
  });
  return { batch: rows.length, time, tokens, grid, slots };
}

/** The inputs every graph has, as `declareModel` names them. */
export function sequenceFeeds(layout: SequenceLayout) {
  return {
    tokens: int64(layout.tokens, [layout.tokens.length]),
    grid: int64(layout.grid, [layout.batch, layout.time]),
    slots: int64(layout.slots, [layout.tokens.length]),
    positions: int64(layout.positions, [layout.positions.length]),
  } satisfies Readonly<Record<string, Tensor>>;
}

/**
 * Groups items for forward passes: sorted by length so that attention meets little padding, each group within what `fits`.
 * An item that does not fit alone has a group of its own. Returns indices; a caller puts results back by them.
 * @param fits a group that fits is one whose first items fit, too.
 */
export function groupByLength(
  lengths: readonly number[],
  fits: (group: readonly number[]) => boolean,
): readonly (readonly number[])[] {
  const order = lengths.map((_, index) => index).sort((a, b) => at(lengths, a) - at(lengths, b) || a - b);
  const groups: number[][] = [];
  for (let start = 0; start < order.length; ) {
    const holds = (count: number): boolean => fits(order.slice(start, start + count));
    // The most that fit, one at least: doubled until too many do not, then halved between.
    let [count, tooMany] = [1, 2];
    while (start + tooMany <= order.length && holds(tooMany)) [count, tooMany] = [tooMany, 2 * tooMany];
    tooMany = Math.min(tooMany, order.length - start + 1);
    while (tooMany - count > 1) {
      const middle = Math.floor((count + tooMany) / 2);
      if (holds(middle)) count = middle;
      else tooMany = middle;
    }
    groups.push(order.slice(start, start + count));
    start += count;
  }
  return groups;
}

/** For `groupByLength`: at most `budget` tokens, padding in attention counted. */
export function withinTokens(lengths: readonly number[], budget: number): (group: readonly number[]) => boolean {
  return (group) => group.length * at(lengths, at(group, -1)) <= budget;
}
