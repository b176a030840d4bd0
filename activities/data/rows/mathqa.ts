/**
 * Rows as MathQA publishes them: `{Problem, Rationale, options, correct, annotated_formula, …}`.
 *
 * With answers by choice the options stand below the question, as in the paper's files, and the answer is a letter; with
 * answers by number there are none, and the answer is the number that the right option states. The rationale is the chain of
 * thought; a program is made of the annotated formula. For choice it ends by naming the option nearest to its value, and none
 * that is further than one part in twenty from it: people round what the options state, but unlike a chain that ends on a letter, a
 * program is hardly right by luck.
 */
import type { AnswerKind } from '../../rewards/answerFormat.js';
import { naturalAnswer } from '../format.js';
import { formulaLines } from './mathqaFormula.js';
import { type Options, optionNumber, optionPython, readOptions } from './mathqaOptions.js';
import { type RowForm, type RowReading, textOf } from './rowForm.js';

export const mathqaRows: RowForm = {
  name: "MathQA's (Problem, Rationale, options, correct, annotated_formula)",
  provesPrograms: true,

  recognises: (row) => 'Problem' in row,

  read(row, { kind, annotation, id }) {
    const problem = textOf(row.Problem);
    const optionsText = textOf(row.options);
    const correct = textOf(row.correct)?.toLowerCase();
    if (problem === null || optionsText === null || correct === undefined)
      return { problem: 'row lacks Problem, options or correct' };
    const options = readOptions(optionsText);
    const right = options?.byLetter.get(correct);
    if (!options || right === undefined)
      return { problem: 'options are not five, a to e, with the right one among them' };
    const answerValue = answersOfOption[kind](correct, right);
    if (answerValue === null) return { problem: 'right option is not a number' };
    const question = {
      id,
      question: kind === 'choice' ? `${problem}\n${options.text}` : problem,
      answerValue,
    };
    if (annotation === undefined) return { question };
    if (annotation === 'natural') {
      const chain = textOf(textOf(row.Rationale)?.replace(/^"|"$/g, ''));
      if (chain === null) return { problem: 'row lacks Rationale' };
      return { question: { ...question, answer: naturalAnswer(chain, String(answerValue)) } };
    }
    return withProgram(question, textOf(row.annotated_formula), kind === 'choice' ? options : null);
  },
};

/** The right option as an answer of each kind. */
const answersOfOption: Readonly<Record<AnswerKind, (letter: string, option: string) => number | string | null>> = {
  number: (_, option) => optionNumber(option),
  choice: (letter) => letter,
  text: (_, option) => option,
};

function withProgram(
  question: { readonly id: string; readonly question: string; readonly answerValue: number | string },
  formula: string | null,
  options: Options | null,
): RowReading {
  const lines = formula === null ? null : formulaLines(formula, options ? 'value' : 'result');
  if (lines === null) return { problem: 'annotated_formula has no Python' };
  const body = [...lines, ...(options ? selectionLines(options) : []), 'return result'];
  return { question: { ...question, answer: body.map((line) => `    ${line}`).join('\n') } };
}

/** Names the option that states the value, rounded or not. */
function selectionLines({ byLetter }: Options): readonly string[] {
  const stated = [...byLetter].flatMap(([letter, option]) => {
    const value = optionPython(option);
    return value === null ? [] : [`'${letter}': ${value}`];
  });
  return [
    `options = {${stated.join(', ')}}`,
    'nearest = min(options, key=lambda letter: abs(options[letter] - value))',
    "result = nearest if abs(options[nearest] - value) <= 0.05 * abs(value) else 'none of these'",
  ];
}
