/**
 * Rows of any form, by a mapping of their fields (`data.source.fields`). A question may be a text, or a conversation: a list of
 * messages, whose last one is the annotated answer where the assistant says it.
 */
import type { FieldsSpec } from '../../../workflows/config/data.js';
import { at } from '../../invariant.js';
import { messageListOf, readMessages, textOfMessages } from '../conversation.js';
import { naturalAnswer } from '../format.js';
import { programBody } from '../programBody.js';
import type { Message } from '../types.js';
import { notAnAnswer, readAnswerValue, writtenValue } from './answerValue.js';
import { labelled, letterAt, listOptions, placeOf } from './options.js';
import { fieldOf, type Row, type RowForm, type RowRequest, textOf } from './rowForm.js';

export function rowsWithFields(fields: FieldsSpec): RowForm {
  return {
    name: `ones with the fields ${fields.question}${fields.value === undefined ? '' : ` and ${fields.value}`}`,
    provesPrograms: true,

    recognises: () => true,

    needs: (annotation) => {
      const { question, value, options, answer, id } = fields;
      // Test rows need no answer, and get along without ids.
      const needed = { question, value, options, ...(annotation === undefined ? {} : { answer, id }) };
      return Object.fromEntries(Object.entries(needed).flatMap(([field, name]) => (name ? [[field, name]] : [])));
    },

    read(row, request) {
      const { kind, comparison, annotation } = request;
      const id = (fields.id === undefined ? null : textOf(fieldOf(row, fields.id))) ?? request.id;
      const asked = readAsked(row, fields, request);
      if ('problem' in asked) return { ...asked, id };
      const written = writtenAnswer(row, fields, request);
      if ('problem' in written) return { ...written, id };
      const { value } = written;
      const answerValue = value === null ? null : readAnswerValue(value, kind, comparison);
      if (value !== null && answerValue === null) return { problem: notAnAnswer[kind], id };
      const { text, messages } = asked;
      const question = { id, question: text, ...(messages ? { messages } : {}), answerValue };
      if (annotation === undefined) return { question };
      const chain = fields.answer === undefined ? asked.answer : answerText(fieldOf(row, fields.answer));
      if (chain === null) return { problem: `row lacks ${fields.answer ?? 'an answer of the assistant'}`, id };
      const stated = typeof answerValue === 'string' ? answerValue : value;
      const answer =
        annotation === 'program' ? programBody(chain) : stated === null ? chain : naturalAnswer(chain, stated);
      if (answer === null)
        return { problem: `${fields.answer ?? 'answer'} is not a solution() that returns its result`, id };
      return { question: { ...question, answer } };
    },
  };
}

interface Asked {
  readonly text: string;
  /** Where the question is a conversation. */
  readonly messages?: readonly Message[];
  /** What the assistant says at the conversation's end. */
  readonly answer: string | null;
}

function readAsked(row: Row, fields: FieldsSpec, request: RowRequest): Asked | { readonly problem: string } {
  const found = fieldOf(row, fields.question);
  const listed = messageListOf(found);
  const plain = listed === undefined ? textOf(found) : null;
  if (listed === undefined && plain === null) return { problem: `row lacks ${fields.question}` };
  let options = '';
  if (fields.options !== undefined) {
    const needsLetters = fields.valueIndexFrom !== undefined && request.kind === 'choice';
    const text = optionsText(row, fields.options, needsLetters);
    if (text === null) return { problem: `row lacks ${fields.options}` };
    options = `\n${text}`;
  }
  if (listed === undefined) return { text: plain + options, answer: null };
  const read = readMessages(listed);
  if ('problem' in read) return read;
  const last = read.messages.at(-1);
  const isAnswered = last?.role === 'assistant';
  const before = isAnswered ? read.messages.slice(0, -1) : read.messages;
  const put = before.at(-1);
  const asksNothing = put === undefined || put.role === 'system' || put.content.trim() === '';
  if (asksNothing) return { problem: 'conversation asks nothing' };
  if (put.role === 'assistant') return { problem: 'conversation has two turns of the assistant behind one another' };
  const messages = [...before.slice(0, -1), { ...put, content: put.content + options }];
  const problem = request.refuse(messages);
  if (problem !== null) return { problem };
  return { text: textOfMessages(messages).trim(), messages, answer: isAnswered ? textOf(last.content) : null };
}

/** An annotated answer: a text, or the last message of a list. */
function answerText(found: unknown): string | null {
  const listed = messageListOf(found);
  if (listed === undefined) return textOf(found);
  const read = readMessages(listed);
  const last = 'messages' in read ? read.messages.at(-1) : undefined;
  return last?.role === 'assistant' ? textOf(last.content) : null;
}

/** The right answer as the row writes it: its value, or the option at the place that the value names; null where rows have none. */
function writtenAnswer(
  row: Row,
  { value, valueIndexFrom, options }: FieldsSpec,
  { kind, comparison }: RowRequest,
): { readonly value: string | null } | { readonly problem: string } {
  if (value === undefined) return { value: null };
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
