/** Rows of any form, by a mapping of their fields (`data.source.fields`). */
import type { FieldsSpec } from '../../../workflows/config/data.js';
import { naturalAnswer } from '../format.js';
import { programBody } from '../programBody.js';
import { notAnAnswer, readAnswerValue, writtenValue } from './answerValue.js';
import { isRow, type Row, type RowForm, textOf } from './rowForm.js';

export function rowsWithFields(fields: FieldsSpec): RowForm {
  return {
    name: `ones with the fields ${fields.question} and ${fields.value}`,
    provesPrograms: true,

    recognises: () => true,

    read(row, { kind, comparison, annotation, id: place }) {
      const id = (fields.id === undefined ? null : textOf(fieldOf(row, fields.id))) ?? place;
      const asked = textOf(fieldOf(row, fields.question));
      const value = writtenValue(fieldOf(row, fields.value), comparison);
      if (asked === null) return { problem: `row lacks ${fields.question}`, id };
      if (value === null) return { problem: `row lacks ${fields.value}`, id };
      const answerValue = readAnswerValue(value, kind, comparison);
      if (answerValue === null) return { problem: notAnAnswer[kind], id };
      let text = asked;
      if (fields.options !== undefined) {
        const options = optionsText(fieldOf(row, fields.options));
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

function optionsText(options: unknown): string | null {
  return Array.isArray(options) ? textOf(options.map(String).join(' , ')) : textOf(options);
}
