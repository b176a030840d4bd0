/** What stands in the fields of published rows: programs, calculator notes, formulas, options. */
import { programBody } from '../../../activities/data/programBody.js';
import { noteLines } from '../../../activities/data/rows/calculatorNotes.js';
import { formulaLines } from '../../../activities/data/rows/mathqaFormula.js';
import { optionNumber, optionPython, readOptions } from '../../../activities/data/rows/mathqaOptions.js';
import { listOptions } from '../../../activities/data/rows/options.js';
import { mutatedText } from '../mutate.js';
import type { Target } from '../target.js';

const words = [
  ...[
    'def solution():',
    '    ',
    'return ',
    'result',
    ' = ',
    '"""',
    "'",
    '\\',
    '#',
    ':',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '\n',
    '\t',
  ],
  ...['<<', '>>', '48/2=24', '+', '-', '*', '/', '.', ',', '%', '$', '1', '0.5', '1e9', '####', '='],
  ...['a ) ', 'b ) ', ' , ', 'add(n0,n1)', 'divide(', '|', '#0', 'const_2', '['],
];

export const annotations: Target = {
  make: (random) => Buffer.from(mutatedText(words, random)),
  sound: () => [Buffer.from('48/2 = <<48/2=24>>24')],
  read: (input) => {
    // As long as a row's text may be.
    const text = Buffer.from(input).toString().slice(0, 200_000);
    programBody(text);
    noteLines(text, text, 24);
    formulaLines(text, text);
    readOptions(text);
    optionNumber(text);
    optionPython(text);
    listOptions(text);
  },
};
