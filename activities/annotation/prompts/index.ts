/**
 * Few-shot prompts: an instruction and worked questions, as a conversation that ends in the question to be answered.
 *
 * The examples are written after the paper's format (section 4.1: its authors had a chat model annotate by few-shot prompts of both
 * forms). A specification's own take their place.
 */
import type { PromptSpec } from '../../../workflows/config/annotation.js';
import { answerStart, naturalAnswer } from '../../data/format.js';
import type { AnswerFormat } from '../../rewards/answerFormat.js';
import type { ChatMessage } from '../chatCompletion.js';
import { gsm8kExamples } from './gsm8k.js';
import { mathqaExamples, mathqaNumericExamples } from './mathqa.js';
import { svampExamples } from './svamp.js';
import type { Worked } from './worked.js';

export type ExampleSet = Exclude<PromptSpec['examples'], readonly unknown[]>;

const sets: Readonly<Record<ExampleSet, readonly Worked[]>> = {
  gsm8k: gsm8kExamples,
  svamp: svampExamples,
  mathqa: mathqaExamples,
  'mathqa-numeric': mathqaNumericExamples,
  none: [],
};

const instructions: Readonly<Record<AnswerFormat, string>> = {
  program:
    'You solve math problems by writing a Python program. Answer with one function `solution()` without parameters that works the answer out step by step, with variables named after what they stand for, and returns it. Use the standard library alone. Write nothing but the function.',
  natural:
    'You solve math problems step by step. Write down your reasoning, and then, on a line of its own, the result in the form `Therefore, the answer is: X`. Write nothing behind it.',
};

/** The conversation before the question. */
export function promptBefore({ instruction, examples }: PromptSpec, format: AnswerFormat): readonly ChatMessage[] {
  const worked =
    typeof examples === 'string'
      ? sets[examples].map((one) => ({ question: one.question, answer: answerOf(one, format) }))
      : examples;
  return [
    { role: 'system', content: instruction ?? instructions[format] },
    ...worked.flatMap(({ question, answer }): readonly ChatMessage[] => [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ]),
  ];
}

function answerOf({ question, chain, value, program }: Worked, format: AnswerFormat): string {
  if (format === 'natural') return naturalAnswer(chain, value);
  const lines = [...program, 'return result'].map((line) => `    ${line}`);
  return answerStart(question, { format, docstring: true }) + lines.join('\n');
}
