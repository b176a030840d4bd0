/**
 * Rows as the ReFT paper publishes all of its data sets: `{item_id, question, answer_cot, answer_value}`, without `answer_cot`
 * in test files. A chain of thought is text or a Python program by the file; multiple-choice questions carry their options.
 */
import { naturalAnswer } from '../format.js';
import { programBody } from '../programBody.js';
import { notAnAnswer, readAnswerValue, writtenValue } from './answerValue.js';
import { type RowForm, textOf } from './rowForm.js';

export const paperRows: RowForm = {
  name: "the ReFT paper's (item_id, question, answer_cot, answer_value)",

  recognises: (row) => 'item_id' in row || 'answer_value' in row,

  read(row, { kind, comparison, annotation }) {
    const id = textOf(row.item_id);
    const text = textOf(row.question);
    const value = writtenValue(row.answer_value, comparison);
    if (id === null || text === null || value === null)
      return { problem: 'row lacks item_id, question or answer_value', ...(id ? { id } : {}) };
    const answerValue = readAnswerValue(value, kind, comparison);
    if (answerValue === null) return { problem: notAnAnswer[kind], id };
    const question = { id, question: text, answerValue };
    if (annotation === undefined) return { question };
    const chain = textOf(row.answer_cot);
    if (chain === null) return { problem: 'row lacks answer_cot', id };
    const answer = annotation === 'natural' ? naturalAnswer(chain, value) : programBody(chain);
    if (answer === null) return { problem: 'answer_cot is not a solution() that returns its result', id };
    return { question: { ...question, answer } };
  },
};
