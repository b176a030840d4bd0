/** Takes validation questions out of a published training set, and applies a run's caps. */
import { permutation } from '../engine/sampling/random.js';
import { InvalidData, InvalidSpec } from '../errors.js';
import { type Dropped, describeDropped } from './dropped.js';
import type { Question } from './questions.js';
import { looseQuestionKey, questionKey } from './sameQuestion.js';
import { secondShareOf, shareOf } from './splitByHash.js';
import { numbered, type Sequence, selected } from './spool.js';

export interface HoldOutRequest {
  readonly seed: number;
  /** How many; below 1 a share, by the questions' hashes: none of them moves when there are others. */
  readonly validation: number;
  /** Caps on what is used; absent: everything. */
  readonly train?: number | undefined;
  /** Which training questions a cap takes: the first rows, or drawn by the seed. Left out, the first. */
  readonly pick?: 'first' | 'random' | undefined;
  readonly test?: number | undefined;
}

export interface HeldOut {
  readonly train: Sequence<Question>;
  readonly validation: Sequence<Question>;
  readonly test: Sequence<Question>;
  /** Training questions that nearly are one held out or of the test set. */
  readonly warnings: readonly string[];
}

/**
 * Which questions are held out depends on the seed; those left keep the file's order. A test cap takes the first rows whatever
 * the seed, so that runs compare on the same questions. No question is in two sets (`sameQuestion.ts`): training rows that repeat a
 * held-out or test question are dropped, while repeats within training stay, as published. Of a question that repeats, the last row
 * is held out.
 *
 * Questions are gone through several times and never held in memory together: of each there is a key and a flag.
 *
 * @throws InvalidSpec when validation would leave nothing to train on, InvalidData when there is nothing to train or to test on.
 */
export function holdOut(
  annotated: Sequence<Question>,
  tested: Sequence<Question>,
  request: HoldOutRequest,
  dropped: Dropped,
): HeldOut {
  if (tested.length === 0) throw new InvalidData(`the test set has no usable row: ${describeDropped(dropped)}`);
  const inTest = new Set<string>();
  for (const { question } of tested) inTest.add(questionKey(question));

  /** Of each question of the training file: whether it is trained on. */
  const isTrained = new Uint8Array(annotated.length);
  /** The last place of each distinct question, in the order in which they first come. */
  const places = new Map<string, number>();
  for (const [place, { id, question }] of numbered(annotated)) {
    const key = questionKey(question);
    if (inTest.has(key)) {
      dropped.add('question is in the test set', id);
      continue;
    }
    isTrained[place] = 1;
    places.set(key, place);
  }
  if (places.size === 0) throw new InvalidData(`the training set has no usable row: ${describeDropped(dropped)}`);
  if (request.validation >= places.size)
    throw new InvalidSpec(
      `data.validation must be below the number of training questions (${places.size}), got ${request.validation}`,
    );

  const distinct = [...places];
  const held = chooseHeld(
    distinct.map(([key]) => key),
    request,
  );
  const heldKeys = new Set(distinct.flatMap(([key], index) => (held.has(index) ? [key] : [])));
  const heldPlaces = distinct.flatMap(([, place], index) => (held.has(index) ? [place] : []));
  const isHeld = new Set(heldPlaces);
  const heldQuestions = new Map<number, Question>();
  const near = createNearness(tested);
  for (const [place, question] of numbered(annotated))
    if (isHeld.has(place)) {
      heldQuestions.set(place, question);
      near.add(question, 'held out for validation');
    }
  const ranks: { readonly place: number; readonly rank: number }[] = [];
  for (const [place, question] of numbered(annotated)) {
    if (isTrained[place] !== 1) continue;
    isTrained[place] = 0;
    if (isHeld.has(place)) continue;
    if (heldKeys.has(questionKey(question.question))) dropped.add('question is in the validation set', question.id);
    else
      ranks.push({ place, rank: request.pick === 'random' ? shareOf(`${request.seed} ${question.question}`) : place });
  }
  ranks.sort((a, b) => a.rank - b.rank || a.place - b.place);
  for (const { place } of ranks.slice(0, request.train)) isTrained[place] = 1;
  const train = selected(annotated, isTrained);
  for (const question of train) near.compare(question);
  return {
    train,
    validation: heldPlaces.flatMap((place) => heldQuestions.get(place) ?? []),
    test: firstOf(tested, request.test),
    warnings: near.warnings(),
  };
}

/** Places, among distinct questions by their keys, of those held out. @throws InvalidData when a share holds out none or all */
function chooseHeld(keys: readonly string[], { seed, validation }: HoldOutRequest): ReadonlySet<number> {
  if (Number.isInteger(validation))
    return new Set(permutation(keys.length, { seed, purpose: 'split-validation' }).subarray(0, validation));
  const held = new Set(keys.flatMap((key, index) => (secondShareOf(key) < validation ? [index] : [])));
  if (held.size > 0 && held.size < keys.length) return held;
  throw new InvalidData(
    `data.validation: a share of ${validation} holds out ${held.size} of ${keys.length} distinct training questions; give a count, or another share`,
  );
}

function firstOf<T>(items: Sequence<T>, most: number | undefined): Sequence<T> {
  if (most === undefined || most >= items.length) return items;
  return {
    length: most,
    *[Symbol.iterator]() {
      for (const [place, item] of numbered(items)) {
        if (place === most) return;
        yield item;
      }
    },
  };
}

/** So many are named in a warning. */
const namedPairs = 3;

/** Counts training questions that have the words and numbers of another set's question, but not its marks. */
function createNearness(tested: Sequence<Question>) {
  const others = new Map<string, { readonly id: string; readonly set: string }>();
  const found = new Map<string, { count: number; readonly pairs: string[] }>();
  const add = ({ id, question }: Question, set: string): void => {
    const key = looseQuestionKey(question);
    if (!others.has(key)) others.set(key, { id, set });
  };
  for (const question of tested) add(question, 'in the test set');
  return {
    add,
    compare({ id, question }: Question): void {
      const other = others.get(looseQuestionKey(question));
      if (other === undefined) return;
      const { count, pairs } = found.get(other.set) ?? { count: 0, pairs: [] };
      if (pairs.length < namedPairs) pairs.push(`${id} and ${other.id}`);
      found.set(other.set, { count: count + 1, pairs });
    },
    warnings: (): readonly string[] =>
      [...found].map(
        ([set, { count, pairs }]) =>
          `${count} training ${count === 1 ? 'question differs' : 'questions differ'} from one ${set} by operators or punctuation alone (${pairs.join(', ')}${count > pairs.length ? ', …' : ''}). They are trained on.`,
      ),
  };
}
