/** Training texts of both kinds for tokenizer tests: prompts and answers of generated problems, and awkward ones. */

import { promptText } from '../../../../activities/data/format.js';
import { generateQuestions } from '../../../../activities/data/sets/generated.js';
import type { AnswerFormat } from '../../../../activities/rewards/answerFormat.js';

export async function problemTexts(format: AnswerFormat, docstring = false): Promise<readonly string[]> {
  const counts = { train: 150, validation: 1, test: 1 };
  const { train } = await generateQuestions({ seed: 3, largestNumber: 50, format, counts });
  return train.flatMap(({ question, answer = '' }) => [promptText(question, { format, docstring }), answer]);
}

/** What real annotations hold: quotes, decimals, snake case, runs of spaces and line breaks, other alphabets, emoji. */
export const awkwardTexts: readonly string[] = [
  'Dean \'s car isn\'t £3.50 , is it ?  No... ("maybe") 50% off!',
  '    num_cookies_left = (12.5+3) // 2 - total_2\n\n        if x>=1:\n\treturn result\n',
  ' leading and trailing ',
  'Bob’s café: 5÷2≈2.5 naïve 日本語 🙂 ½\r\nnext\u00a0line',
  '\n\n\n',
  '_private __dunder__ a_1_b -5 --x x=-3',
];
