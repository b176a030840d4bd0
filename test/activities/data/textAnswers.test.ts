/** Files whose right answers are not said to be numbers, letters or texts: what they are taken for. */
import { describe, expect, it } from 'vitest';
import { annotated, useOwnRows } from './ownRows.js';

const { write, load } = useOwnRows();
const fields = { question: 'q', value: 'v', answer: 'a' };
let files = 0;

/** A question for each value, in two files. */
function withValues(values: readonly (string | number)[]) {
  const lines = values.map((v, index) => JSON.stringify({ q: `What is number ${index} of all?`, v, a: 'Think.' }));
  files += 1;
  const test = write(`test-${files}.jsonl`, JSON.stringify({ q: 'And the other one?', v: values.at(-1), a: 'Think.' }));
  return { train: write(`train-${files}.jsonl`, lines.join('\n')), test, fields };
}
const notNumbers = (sets: Awaited<ReturnType<typeof load>>) => sets.dropped['answer is not a number']?.count;

describe('right answers that nothing is said of', () => {
  it('are texts where most rows have one without a digit', async () => {
    const sets = await load(withValues(['New York', 'Rome.', 'Paris', 7]));
    expect(sets.answerKind).toBe('text');
    expect(annotated(sets).map(({ answerValue }) => answerValue)).toEqual(['New York', 'Rome.', 'Paris', '7']);
    expect([...sets.test].map(({ answerValue }) => answerValue)).toEqual(['7']);
    expect(annotated(sets)[1]?.answer).toBe('Think.\nTherefore, the answer is: Rome.');
    expect(sets.warnings).toEqual([
      'The right answers are taken for texts: those of 3 of 4 training rows have no digit in them (data.source.answers says otherwise).',
    ]);
    expect(sets.dropped).toEqual({});
  });

  it('are numbers where no more rows have another one, and those are left out as before', async () => {
    const sets = await load(withValues(['Rome', 'Paris', 3, 4]));
    expect(sets.answerKind).toBe('number');
    expect(annotated(sets).map(({ answerValue }) => answerValue)).toEqual([3, 4]);
    expect(sets.dropped).toEqual({
      'answer is not a number': { count: 2, examples: expect.arrayContaining([expect.stringMatching(/ row 1: /)]) },
    });
    expect(sets.warnings).toEqual([]);
  });

  it('are no texts where they are numbers that cannot be read', async () => {
    const sets = await load(withValues(['$18', '$19', '5 %', 3, 4]));
    expect([sets.answerKind, notNumbers(sets)]).toEqual(['number', 3]);
    await expect(load(withValues(['$18', '0x10', '5 %']))).rejects.toThrow('answer is not a number');
  });

  it('are what is said where something is: by the source, or by the comparison', async () => {
    const values = ['Rome', 'Paris', 'Oslo', 3, 4];
    const said = await load({ ...withValues(values), answers: 'number' });
    expect([said.answerKind, notNumbers(said)]).toEqual(['number', 3]);
    const compared = await load(withValues(values), 'natural', { name: 'numeric' });
    expect([compared.answerKind, notNumbers(compared)]).toEqual(['number', 3]);
    expect((await load({ ...withValues([3, 4, 5]), answers: 'text' })).answerKind).toBe('text');
  });

  it('of the parts of a mixture are of one kind', async () => {
    const [words, numbers] = [withValues(['Rome', 'Paris', 'Oslo']), withValues([3, 4, 5])];
    const mixed = load([{ source: words }, { source: numbers }]);
    await expect(mixed).rejects.toThrow('there are text answers in files-1, number answers in files-2');
    const more = withValues(['Bonn', 'Lima', 'Kyiv']);
    more.train = write('more.jsonl', JSON.stringify({ q: 'Which river is it that flows here?', v: 'Rhine', a: 'So.' }));
    const sets = await load([{ source: words, test: false }, { source: more }]);
    expect(sets.answerKind).toBe('text');
    expect(sets.warnings?.[0]).toMatch(/^files-1: The right answers are taken for texts/);
  });
});
