/**
 * Rows of multiple choice in the forms that are published most: AQuA's `{question, options: ["A)21", …], rationale, correct: "E"}`, MMLU's
 * `{question, choices, answer: 2}`, ARC's and CommonsenseQA's `{question, choices: {text, label}, answerKey}`, or with `question: {stem,
 * choices: [{text, label}]}`. Options stand below the question as MathQA has them, and the answer is a letter.
 */
import { at } from '../../invariant.js';
import { naturalAnswer } from '../format.js';
import { notAnAnswer, readAnswerValue } from './answerValue.js';
import { labelled, letterAt, listOptions } from './options.js';
import { isRow, type Row, type RowForm, textOf } from './rowForm.js';

/** Columns by which published sets name the right option, and a chain of thought. */
const answerColumns = ['correct', 'answerKey', 'answer', 'label', 'target'];
const chainColumns = ['rationale', 'explanation', 'solution', 'cot'];

export const multipleChoiceRows: RowForm = {
  name: "multiple choice (question, options or choices, which is right: AQuA's, MMLU's, ARC's)",
  recognises: (row) => {
    const isMarked = typeof row.answer === 'string' && row.answer.includes('####');
    return !isMarked && (optionsOf(row) !== null || ['options', 'choices'].some((name) => name in row));
  },
  read(row, { kind, comparison, annotation, id: place }) {
    const id = textOf(row.id) ?? place;
    const asked = textOf(isRow(row.question) ? row.question.stem : row.question);
    const options = optionsOf(row);
    if (asked === null || options === null) return { problem: 'row lacks question or options', id };
    const right = rightPlace(row, options);
    if (right === null) return { problem: 'row does not say which option is right', id };
    const text = at(options, right).text;
    const answerValue = kind === 'choice' ? letterAt(right) : readAnswerValue(text, kind, comparison);
    if (answerValue === null) return { problem: notAnAnswer[kind], id };
    const below = kind === 'choice' ? `\n${labelled(options.map((option) => option.text))}` : '';
    const question = { id, question: asked + below, answerValue };
    if (annotation === undefined) return { question };
    if (annotation === 'program') return { problem: 'row has no program', id };
    const chain = firstText(row, chainColumns);
    if (chain === null) return { problem: `row lacks ${chainColumns.join(', ')}`, id };
    return { question: { ...question, answer: naturalAnswer(chain, String(answerValue)) } };
  },
};

interface Option {
  readonly text: string;
  /** What the row calls it; a letter by its place where it calls it nothing. */
  readonly label: string;
}

function optionsOf(row: Row): readonly Option[] | null {
  const found = row.options ?? row.choices ?? (isRow(row.question) ? row.question.choices : undefined);
  const isTable = isRow(found) && Array.isArray(found.text);
  const texts = listOptions(
    isTable ? found.text : Array.isArray(found) && found.every(isRow) ? found.map(({ text }) => text) : found,
  );
  if (texts === null) return null;
  const labels =
    isTable && Array.isArray(found.label)
      ? found.label
      : Array.isArray(found)
        ? found.map((one) => isRow(one) && one.label)
        : [];
  return texts.map((text, index) => ({ text, label: textOf(labels[index])?.toLowerCase() ?? letterAt(index) }));
}

/** By label, by its text, or by its place from 0. */
function rightPlace(row: Row, options: readonly Option[]): number | null {
  const column = answerColumns.find((name) => textOf(row[name]) !== null);
  const value = column === undefined ? undefined : row[column];
  const written = textOf(value)?.toLowerCase();
  if (written === undefined) return null;
  const name = written.replace(/^[("'[\s]+|[)\]."'\s]+$/g, '');
  const byLabel = options.findIndex(({ label }) => label === name);
  const byText = options.findIndex(({ text }) => text.toLowerCase() === written);
  const byPlace = /^\d+$/.test(name) && Number(name) < options.length ? Number(name) : -1;
  const order = typeof value === 'number' ? [byPlace, byLabel, byText] : [byLabel, byText, byPlace];
  return order.find((place) => place >= 0) ?? null;
}

function firstText(row: Row, names: readonly string[]): string | null {
  return names.map((name) => textOf(row[name])).find((text) => text !== null) ?? null;
}
