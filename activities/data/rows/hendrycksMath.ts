/**
 * Rows as MATH is published, `{problem, solution}`: the answer is what the last `\boxed{}` of the solution holds. Copies with an `answer`
 * beside it, as of the 500 questions of PRM800K, are read by that.
 */
import { lastBoxed, plainLatex } from '../../rewards/latex.js';
import { naturalAnswer } from '../format.js';
import { notAnAnswer, readAnswerValue } from './answerValue.js';
import { type RowForm, textOf } from './rowForm.js';

export const hendrycksMathRows: RowForm = {
  name: "MATH's (problem, solution)",
  recognises: (row) => 'problem' in row && 'solution' in row,
  read(row, { kind, comparison, annotation, id: place }) {
    const text = textOf(row.problem);
    const solution = textOf(row.solution);
    const id = textOf(row.unique_id) ?? place;
    if (text === null || solution === null) return { problem: 'row lacks problem or solution', id };
    const written = textOf(row.answer) ?? lastBoxed(solution);
    if (written === null) return { problem: 'solution has no \\boxed{} with its answer', id };
    const answerValue = readAnswerValue(
      kind === 'text' ? written : plainLatex(written, { units: false }),
      kind,
      comparison,
    );
    if (answerValue === null) return { problem: notAnAnswer[kind], id };
    const question = { id, question: text, answerValue };
    if (annotation === undefined) return { question };
    if (annotation === 'program') return { problem: 'row has a solution in words and no program', id };
    return { question: { ...question, answer: naturalAnswer(solution, written) } };
  },
};
