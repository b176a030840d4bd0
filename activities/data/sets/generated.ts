/** The data set `generated`: word problems made on the spot, with exact answers and annotations in either format. */
import { setImmediate } from 'node:timers/promises';
import { InvalidSpec } from '../../errors.js';
import { required } from '../../invariant.js';
import type { AnswerFormat } from '../../rewards/answerFormat.js';
import { naturalAnswer } from '../format.js';
import { writeChain } from '../problems/chain.js';
import { createDraws } from '../problems/draws.js';
import { canonicalForm, drawProblem, type Problem } from '../problems/problem.js';
import { writeProgram } from '../problems/program.js';
import { type Split, splitOf } from '../problems/splits.js';
import type { Question, QuestionSets } from '../questions.js';
import type { DataSet } from './dataSet.js';

/** Training questions of an evaluation that does not say how many: a run's specification always does. */
const trainingQuestions = 1_000;

export const generated: DataSet = ({ data, seed }) => {
  const { cot, largestNumber, train = trainingQuestions, validation, test } = data;
  const counts = { train, validation, test: required(test, 'data.test of generated problems') };
  return generateQuestions({ seed, format: cot, largestNumber, counts });
};

export interface GeneratedRequest {
  readonly seed: number;
  readonly format: AnswerFormat;
  /** No number in a question is above it. */
  readonly largestNumber: number;
  /** How many questions each set gets. */
  readonly counts: Readonly<Record<Split, number>>;
}

/** Generated questions are made in memory. */
export interface GeneratedSets extends QuestionSets {
  readonly train: readonly Question[];
  readonly validation: readonly Question[];
  readonly test: readonly Question[];
}

/**
 * Draws problems one after another and gives each to the set its hash names, until all are full. A question that is there
 * already is left out. Train, validation and test share no question text and no computation.
 *
 * @throws InvalidSpec when so many are wanted that the generator runs dry.
 */
export async function generateQuestions({
  seed,
  format,
  largestNumber,
  counts,
}: GeneratedRequest): Promise<GeneratedSets> {
  const sets: Record<Split, Question[]> = { train: [], validation: [], test: [] };
  const seen = new Set<string>();
  const splits: readonly Split[] = ['train', 'validation', 'test'];
  // A set of a tenth of the computations needs ten candidates a question; the rest is room for repeats.
  const limit = 1_000 + 50 * Math.max(...Object.values(counts));
  for (let candidate = 0; splits.some((split) => sets[split].length < counts[split]); candidate++) {
    if (candidate === limit) {
      const made = splits.map((split) => `${split} ${sets[split].length} of ${counts[split]}`).join(', ');
      throw new InvalidSpec(`data: the generator has no more new problems (${made}); ask for fewer`);
    }
    // Large sets take seconds; heartbeats must get through meanwhile.
    if (candidate % 1_000 === 0) await setImmediate();
    const problem = drawProblem(seed, candidate, largestNumber);
    const split = splitOf(canonicalForm(problem));
    if (sets[split].length === counts[split] || seen.has(problem.question)) continue;
    seen.add(problem.question);
    sets[split].push({
      id: `generated-${candidate}`,
      question: problem.question,
      ...(split === 'test' ? {} : { answer: annotate(problem, format, seed, candidate) }),
      answerValue: problem.expression.value,
    });
  }
  return { ...sets, answerKind: 'number', files: [], dropped: {} };
}

function annotate(problem: Problem, format: AnswerFormat, seed: number, candidate: number): string {
  if (format === 'natural') return naturalAnswer(writeChain(problem), String(problem.expression.value));
  return writeProgram(problem.expression, createDraws(seed, candidate, 'annotation'));
}
