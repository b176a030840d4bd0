/**
 * What is wrong between rows, found before questions are held out: training questions that nearly are test questions, and repeats within
 * the training questions. (What is the same to the letter is in no two sets anyway: `holdOut.ts`.)
 */
import type { DataSpec } from '../../../workflows/config/data.js';
import { InvalidData, InvalidSpec } from '../../errors.js';
import type { Dropped } from '../dropped.js';
import type { Question } from '../questions.js';
import { questionKey } from '../sameQuestion.js';
import { numbered, type Sequence, selected } from '../spool.js';
import { createNearQuestions } from './nearQuestions.js';

export type LeakageRule = NonNullable<DataSpec['leakage']>;
export type DuplicateRule = NonNullable<DataSpec['duplicates']>;

/** Rows named in a message. */
const named = 5;

interface Checked {
  readonly questions: Sequence<Question>;
  readonly warnings: readonly string[];
}

/**
 * Training questions without those that nearly are test questions; with them, and a warning, where that is allowed.
 * @throws InvalidData naming rows where leaks are refused
 */
export function checkLeakage(
  annotated: Sequence<Question>,
  tested: Iterable<Question>,
  rule: LeakageRule,
  dropped: Dropped,
): Checked {
  const near = createNearQuestions();
  const inTest = new Set<string>();
  for (const { id, question } of tested) {
    near.add(question, id);
    inTest.add(questionKey(question));
  }
  const isKept = new Uint8Array(annotated.length).fill(1);
  const pairs: string[] = [];
  let count = 0;
  for (const [place, { id, question }] of numbered(annotated)) {
    const leak = near.find(question);
    if (leak === undefined || inTest.has(questionKey(question))) continue;
    count += 1;
    const pair = `${id} is ${Math.round(100 * leak.similarity)} % ${leak.name}`;
    if (pairs.length < named) pairs.push(pair);
    if (rule === 'allow') continue;
    isKept[place] = 0;
    dropped.add('question nearly is a test question', pair);
  }
  if (count === 0) return { questions: annotated, warnings: [] };
  const rows = `${count} training ${count === 1 ? 'question nearly is a test question' : 'questions nearly are test questions'} (${pairs.join(', ')}${count > pairs.length ? ', …' : ''})`;
  if (rule === 'refuse')
    throw new InvalidData(
      `${rows}: what is measured would not be what is learned. Leave them out by data.leakage "leaveOut", or train on them by "allow"`,
    );
  return {
    questions: selected(annotated, isKept),
    warnings: rule === 'allow' ? [`${rows}. They are trained on.`] : [],
  };
}

/** Questions compared with all others: beyond these the tables of their fingerprints take more than a thread's memory. */
const mostNear = 200_000;

/**
 * The first of questions that repeat.
 * @throws InvalidSpec where there are too many to be compared with each other
 */
export function withoutDuplicates(
  questions: Sequence<Question>,
  rule: DuplicateRule,
  dropped: Dropped,
): Sequence<Question> {
  if (rule === 'keep') return questions;
  if (rule === 'near' && questions.length > mostNear)
    throw new InvalidSpec(
      `data.duplicates: "near" compares at most ${mostNear} training questions, and there are ${questions.length}; "exact" takes any number`,
    );
  const seen = new Map<string, string>();
  const near = createNearQuestions();
  const isKept = new Uint8Array(questions.length).fill(1);
  for (const [place, { id, question }] of numbered(questions)) {
    const key = questionKey(question);
    const same = seen.get(key);
    const alike = same === undefined && rule === 'near' ? near.find(question) : undefined;
    if (same !== undefined) dropped.add('question repeats another', `${id} is ${same}`);
    else if (alike)
      dropped.add('question nearly repeats another', `${id} is ${Math.round(100 * alike.similarity)} % ${alike.name}`);
    if (same !== undefined || alike) {
      isKept[place] = 0;
      continue;
    }
    seen.set(key, id);
    if (rule === 'near') near.add(question, id);
  }
  return selected(questions, isKept);
}
