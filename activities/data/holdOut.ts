/** Takes validation questions out of a published training set, and applies a run's caps. */
import { permutation } from '../engine/sampling/random.js';
import { InvalidData, InvalidSpec } from '../errors.js';
import { type Dropped, describeDropped } from './dropped.js';
import type { Question } from './questions.js';

export interface HoldOutRequest {
  readonly seed: number;
  readonly validation: number;
  /** Caps on what is used; absent: everything. */
  readonly train?: number | undefined;
  readonly test?: number | undefined;
}

export interface HeldOut {
  readonly train: readonly Question[];
  readonly validation: readonly Question[];
  readonly test: readonly Question[];
}

/**
 * Which questions are held out depends on the seed; those left keep the file's order. A test cap takes the first rows whatever
 * the seed, so that runs compare on the same questions. No question's text is in two sets: training rows that repeat a
 * held-out or test question are dropped, while repeats within training stay, as published.
 *
 * @throws InvalidSpec when validation would leave nothing to train on, InvalidData when there is nothing to train or to test on.
 */
export function holdOut(
  annotated: readonly Question[],
  tested: readonly Question[],
  request: HoldOutRequest,
  dropped: Dropped,
): HeldOut {
  if (tested.length === 0) throw new InvalidData(`the test set has no usable row: ${describeDropped(dropped)}`);
  const inTest = new Set(tested.map(sameText));
  const usable = annotated.filter((question) => {
    const leaks = inTest.has(sameText(question));
    if (leaks) dropped.add('question is in the test set', question.id);
    return !leaks;
  });
  if (usable.length === 0) throw new InvalidData(`the training set has no usable row: ${describeDropped(dropped)}`);

  const distinct = [...new Map(usable.map((question) => [sameText(question), question])).values()];
  if (request.validation >= distinct.length)
    throw new InvalidSpec(
      `data.validation must be below the number of training questions (${distinct.length}), got ${request.validation}`,
    );
  const order = permutation(distinct.length, { seed: request.seed, purpose: 'split-validation' });
  const held = new Set(order.subarray(0, request.validation));
  const validation = distinct.filter((_, index) => held.has(index));
  const inValidation = new Set(validation.map(sameText));
  const heldOut = new Set(validation);
  const train = usable.filter((question) => {
    if (heldOut.has(question)) return false;
    const repeats = inValidation.has(sameText(question));
    if (repeats) dropped.add('question is in the validation set', question.id);
    return !repeats;
  });
  return { train: train.slice(0, request.train), validation, test: tested.slice(0, request.test) };
}

/** Questions that differ only in case, spacing or punctuation are the same question. */
function sameText({ question }: Question): string {
  return question
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
