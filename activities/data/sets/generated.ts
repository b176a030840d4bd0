/** The data set `generated`: word problems made on the spot, with exact answers and annotations in either format. */
import { required } from '../../invariant.js';
import type { AnswerFormat } from '../../rewards/answerFormat.js';
import { naturalAnswer } from '../format.js';
import { writeChain } from '../problems/chain.js';
import { createDraws } from '../problems/draws.js';
import { type FilledSets, fillSets, type SetSizes } from '../problems/fillSets.js';
import { canonicalForm, drawProblem, type Problem } from '../problems/problem.js';
import { writeProgram } from '../problems/program.js';
import type { QuestionSets } from '../questions.js';
import type { DataRequest, DataSet } from './dataSet.js';

/** Training questions of an evaluation that does not say how many: a run's specification always does. */
const trainingQuestions = 1_000;

/** How many questions a specification has made. */
export function sizesOf({ train = trainingQuestions, validation, test }: DataRequest['data']): SetSizes {
  return { train, validation, test: required(test, 'data.test of generated problems') };
}

export const generated: DataSet = ({ data, seed }) => {
  const { cot, largestNumber } = data;
  return generateQuestions({ seed, format: cot, largestNumber, counts: sizesOf(data) });
};

export interface GeneratedRequest {
  readonly seed: number;
  readonly format: AnswerFormat;
  /** No number in a question is above it. */
  readonly largestNumber: number;
  readonly counts: SetSizes;
}

/** Generated questions are made in memory. */
export type GeneratedSets = QuestionSets & FilledSets;

/**
 * Problems whose sets share no question text and no computation.
 * @throws InvalidSpec when so many are wanted that the generator runs dry.
 */
export async function generateQuestions({
  seed,
  format,
  largestNumber,
  counts,
}: GeneratedRequest): Promise<GeneratedSets> {
  const sets = await fillSets('generated', counts, (candidate) => {
    const problem = drawProblem(seed, candidate, largestNumber);
    return {
      canonicalForm: canonicalForm(problem),
      question: problem.question,
      answerValue: problem.expression.value,
      annotate: () => annotate(problem, format, seed, candidate),
    };
  });
  return { ...sets, answerKind: 'number', files: [], dropped: {} };
}

function annotate(problem: Problem, format: AnswerFormat, seed: number, candidate: number): string {
  if (format === 'natural') return naturalAnswer(writeChain(problem), String(problem.expression.value));
  return writeProgram(problem.expression, createDraws(seed, candidate, 'annotation'));
}
