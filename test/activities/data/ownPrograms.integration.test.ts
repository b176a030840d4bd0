/** Programs in data sets of a user's own, which are run in the sandbox before they are believed. */
import { afterAll, expect, it } from 'vitest';
import { createSandboxPool } from '../../../activities/rewards/sandbox/pool.js';
import { annotated, useOwnRows } from './ownRows.js';

const sandbox = createSandboxPool({ processes: 1, secondsPerProgram: 2, megabytes: 256 });
afterAll(() => sandbox.close());
const { write, load } = useOwnRows(sandbox);

it('are run and dropped when they are wrong', async () => {
  const program = (body: string): string => `def solution():\n    """How many?"""\n    ${body}`;
  const rows = [
    { q: '1?', v: 3, p: program('return 1 + 2') },
    { q: '2?', v: 3, p: program('x = 1.5\n    return x * 2') },
    { q: '3?', v: 3, p: program('return 4') },
    { q: '4?', v: 3, p: program('return 1 / 0') },
    { q: '5?', v: 3, p: 'print(3)' },
  ];
  const train = write('programs.json', JSON.stringify(rows));
  const test = write('numbers.json', JSON.stringify([{ q: '6?', v: 3 }]));
  const sets = await load({ train, test, fields: { question: 'q', value: 'v', answer: 'p' } }, 'program');
  expect(annotated(sets).map(({ answer }) => answer)).toEqual(['    return 1 + 2', '    x = 1.5\n    return x * 2']);
  expect(sets.dropped).toEqual({
    'p is not a solution() that returns its result': { count: 1, examples: ['programs.json row 5: train-5'] },
    'program of the row gives another answer': { count: 1, examples: ['programs.json row 3'] },
    'program of the row fails (exception)': { count: 1, examples: ['programs.json row 4'] },
  });
});

it('program-annotated: programs of another form are kept, and run', async () => {
  const programs = [
    'from fractions import Fraction\ndef solution() -> int:\n\tx: int = 3\n\treturn x * 4',
    "'''Says how.'''\nimport math\n\ndef solve() -> float:\n  return math.sqrt(144)\n\nprint(solve())",
    'import os\ndef solution() -> int:\n\treturn 12',
    'def solution() -> int:\n\treturn 13',
  ];
  const train = write('annotated.json', JSON.stringify(programs.map((why, index) => ({ q: `${index}?`, v: 12, why }))));
  const test = write('test.json', JSON.stringify([{ q: 'x?', v: 12 }]));
  const sets = await load({ train, test, fields: { question: 'q', value: 'v', answer: 'why' } }, 'program');
  expect(annotated(sets).map(({ answer }) => answer)).toEqual([
    '    from fractions import Fraction\n    x: int = 3\n    return x * 4',
    '    import math\n    return math.sqrt(144)',
  ]);
  expect(sets.dropped).toMatchObject({
    'program of the row fails (exception)': { count: 1 },
    'program of the row gives another answer': { count: 1 },
  });
});
