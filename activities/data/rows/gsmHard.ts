/** Rows as GSM-Hard's authors publish them, `{input, code, target}`, and the other files of PAL's repository, `{input, target}`. */
import { programBody } from '../programBody.js';
import { notAnAnswer, readAnswerValue, writtenValue } from './answerValue.js';
import { type RowForm, textOf } from './rowForm.js';

export const gsmHardRows: RowForm = {
  name: "GSM-Hard's (input, code, target)",
  provesPrograms: true,
  recognises: (row) => 'input' in row && 'target' in row,
  read(row, { kind, comparison, annotation, id }) {
    const text = textOf(row.input);
    const value = writtenValue(row.target, comparison);
    if (text === null || value === null) return { problem: 'row lacks input or target' };
    const answerValue = readAnswerValue(value, kind, comparison);
    if (answerValue === null) return { problem: notAnAnswer[kind] };
    const question = { id, question: text, answerValue };
    if (annotation === undefined) return { question };
    if (annotation === 'natural') return { problem: 'row has a program and no chain of thought in words' };
    const code = textOf(row.code);
    const answer = code === null ? null : programBody(code);
    if (answer === null) return { problem: 'code is not a solution() that returns its result' };
    return { question: { ...question, answer } };
  },
};
