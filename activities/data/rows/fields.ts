/** Rows of any form, by a mapping of their fields (`data.source.fields`). */
import type { FieldsSpec } from '../../../workflows/config/data.js';
import { at } from '../../invariant.js';
import { naturalAnswer } from '../format.js';
import { programBody } from '../programBody.js';
import { notAnAnswer, readAnswerValue, writtenValue } from './answerValue.js';
import { labelled, letterAt, listOptions, placeOf } from './options.js';
import { isRow, type Row, type RowForm, type RowRequest, textOf } from './rowForm.js';

export function rowsWithFields(fields: FieldsSpec): RowForm {
  return {
    name: `ones with the fields ${fields.question} and ${fields.value}`,
    provesPrograms: true,

    recognises: () => true,

    read(row, request) {
      const { kind, comparison, annotation, id: place } = request;
      const id = (fields.id === undefined ? null : textOf(fieldOf(row, fields.id))) ?? place;
      const asked = textOf(fieldOf(row, fields.question));
      if (asked === null) return { problem: `row lacks ${fields.question}`, id };
      const written = writtenAnswer(row, fields, request);
      if ('problem' in written) return { ...written, id };
      const { value } = written;
      const answerValue = readAnswerValue(value, kind, comparison);
      if (answerValue === null) return { problem: notAnAnswer[kind], id };
      let text = asked;
      if (fields.options !== undefined) {
        const options = optionsText(row, fields.options, fields.valueIndexFrom !== undefined && kind === 'choice');
        if (options === null) return { problem: `row lacks ${fields.options}`, id };
        text = `${asked}\n${options}`;
      }
      const question = { id, question: text, answerValue };
      if (annotation === undefined) return { question };
      const chain = textOf(fieldOf(row, fields.answer));
      if (chain === null) return { problem: `row lacks ${fields.answer}`, id };
      const stated = typeof answerValue === 'string' ? answerValue : value;
      const answer = annotation === 'natural' ? naturalAnswer(chain, stated) : programBody(chain);
      if (answer === null) return { problem: `${fields.answer} is not a solution() that returns its result`, id };
      return { question: { ...question, answer } };
    },
  };
}

/** A field by its name, or where there is none of that name by its parts: `extra.answer` is `answer` in `extra`. */
function fieldOf(row: Row, name: string): unknown {
  if (Object.hasOwn(row, name)) return row[name];
  return name
    .split('.')
    .reduce<unknown>((at, part) => (isRow(at) && Object.hasOwn(at, part) ? at[part] : undefined), row);
}

/** The right answer as the row writes it: its value, or the option at the place that the value names. */
function writtenAnswer(
  row: Row,
  { value, valueIndexFrom, options }: FieldsSpec,
  { kind, comparison }: RowRequest,
): { readonly value: string } | { readonly problem: string } {
  const written = fieldOf(row, value);
  const text = valueIndexFrom === undefined ? writtenValue(written, comparison) : textOf(written);
  if (text === null) return { problem: `row lacks ${value}` };
  if (valueIndexFrom === undefined || options === undefined) return { value: text };
  const listed = listOptions(fieldOf(row, options));
  if (listed === null) return { problem: `${options} is no list of options` };
  const place = placeOf(text, valueIndexFrom, listed);
  if (place === null) return { problem: `${value} is no index of ${options}` };
  return { value: kind === 'choice' ? letterAt(place) : at(listed, place) };
}

/** @param needsLetters where the right option is a letter that the row itself does not write */
function optionsText(row: Row, name: string, needsLetters: boolean): string | null {
  const options = fieldOf(row, name);
  const listed = needsLetters ? listOptions(options) : null;
  if (listed !== null) return labelled(listed);
  return Array.isArray(options) ? textOf(options.map(String).join(' , ')) : textOf(options);
}
