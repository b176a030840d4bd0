/** Answers of models, in every way that they can be read and compared. */
import { comparisonSchema, sameAnswer } from '../../../activities/rewards/compareAnswers.js';
import { extractFromProgram, extractFromText } from '../../../activities/rewards/extractAnswer.js';
import { extractions } from '../../../activities/rewards/statedAnswers.js';
import { mutatedText } from '../mutate.js';
import type { Target } from '../target.js';

const words = [
  ...[
    'The answer is',
    'Therefore, the answer is: ',
    '\\boxed{',
    '}',
    '{',
    '\\frac',
    '\\text{',
    '\\sqrt',
    '####',
    '$',
    '\\%',
  ],
  ...[
    '1',
    '1,000',
    '3.5',
    '1/2',
    ' ',
    '-',
    '+',
    'e',
    'nan',
    'inf',
    '٣',
    '(',
    ')',
    'A',
    'b)',
    '**',
    '*',
    '_',
    '"',
    '.',
    ',',
    '\n',
  ],
  ...['\\left', '\\right', '\\!', '\\,', '^', '€', 'USD', '%', '\\circ', '\u00a0'],
];
const comparisons = [
  { name: 'numeric' },
  { name: 'numeric', fractions: true, percentages: 'share', currencies: true, decimalMark: 'comma' },
  { name: 'choice' },
  { name: 'exact' },
  { name: 'text' },
].map((comparison) => comparisonSchema.parse(comparison));

export const answers: Target = {
  make: (random) => Buffer.from(mutatedText(words, random)),
  sound: () => [Buffer.from('The answer is: 3')],
  read: (input) => {
    const text = Buffer.from(input).toString().slice(0, 200_000);
    for (const comparison of comparisons) {
      const kind = comparison.name === 'numeric' ? 'number' : comparison.name === 'choice' ? 'choice' : 'text';
      for (const extraction of extractions) {
        if (extraction === 'program') continue;
        const { value } = extractFromText(text, kind, { extraction, comparison });
        if (value !== null) sameAnswer(value, text, comparison);
      }
      extractFromProgram({ ok: true, text, number: text }, kind, comparison);
    }
  },
};
