/**
 * Rows as OpenAI publishes GSM8K: `{question, answer}`, the answer a chain of thought with calculator notes (`<<48/2=24>>24`)
 * that ends in `#### 72`.
 *
 * The notes are for models with a calculator. In a chain of thought they are left out, as in the paper's files; a program is made of
 * them (`calculatorNotes.ts`).
 */
import type { Comparison } from '../../rewards/compareAnswers.js';
import { naturalAnswer } from '../format.js';
import { notAnAnswer, readAnswerValue } from './answerValue.js';
import { noteLines } from './calculatorNotes.js';
import { type RowForm, textOf } from './rowForm.js';

const valueMark = '####';

export const gsm8kRows: RowForm = {
  name: "GSM8K's (question, answer that ends in #### and a number)",
  provesPrograms: true,

  recognises: ({ question, answer }) => typeof question === 'string' && typeof answer === 'string',

  read(row, { kind, comparison, annotation, id }) {
    const text = textOf(row.question);
    const answer = textOf(row.answer);
    if (text === null || answer === null) return { problem: 'row lacks question or answer' };
    const mark = answer.lastIndexOf(valueMark);
    if (mark < 0) return { problem: `answer has no ${valueMark} before its value` };
    const written = answer.slice(mark + valueMark.length).trim();
    const answerValue = readAnswerValue(written, kind, comparison);
    if (answerValue === null) return { problem: notAnAnswer[kind] };
    const question = { id, question: text, answerValue };
    if (annotation === undefined) return { question };
    const noted = answer.slice(0, mark);
    if (annotation === 'program') {
      if (typeof answerValue !== 'number') return { problem: 'programs are made of calculator notes for numbers only' };
      const made = noteLines(text, noted, answerValue);
      if ('problem' in made) return made;
      const body = [...made.lines, 'return result'].map((line) => `    ${line}`).join('\n');
      return { question: { ...question, answer: body } };
    }
    const chain = noted.replace(/<<[^<>]*>>/g, '').trim();
    if (chain === '') return { problem: 'answer has no chain of thought before its value' };
    return { question: { ...question, answer: naturalAnswer(chain, withoutThousands(written, comparison)) } };
  },
};

/** A chain of GSM8K ends in plain digits, as in the paper's files. */
function withoutThousands(value: string, comparison: Comparison): string {
  return comparison.name === 'numeric' && comparison.decimalMark === 'point' ? value.replaceAll(',', '') : value;
}
