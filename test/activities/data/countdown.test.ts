/** The puzzles of `countdown`: solvable as they say, apart between the sets, and the same whenever they are made again. */
import { describe, expect, it } from 'vitest';
import { drawPuzzle, puzzleForm, writeExpression } from '../../../activities/data/problems/countdown.js';
import { stepsOf } from '../../../activities/data/problems/expression.js';
import { splitOf } from '../../../activities/data/problems/splits.js';
import { countdown } from '../../../activities/data/sets/countdown.js';
import { programFrom } from '../../../activities/rewards/answerFormat.js';
import { dataSchema } from '../../../workflows/config/data.js';
import { hasPython, runPrograms } from './python.js';

const largestNumber = 9;
const sizes = { train: 600, validation: 100, test: 300 };

function load(cot: 'program' | 'natural', seed = 1, more: { test?: number; largestNumber?: number } = {}) {
  const data = dataSchema.parse({ source: 'countdown', cot, largestNumber, ...sizes, ...more });
  return countdown({ data, seed });
}

const programs = await load('program');
const chains = await load('natural');
const all = (sets: typeof programs) => [...sets.train, ...sets.validation, ...sets.test];

/** The target and the numbers that a question names. */
function read(question: string): { readonly target: number; readonly numbers: readonly number[] } {
  const match = /^Make (\d+) from (\d+(?:, \d+)*)\.$/.exec(question);
  return { target: Number(match?.[1]), numbers: (match?.[2] ?? '').split(', ').map(Number) };
}

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

describe('puzzles', () => {
  it('name a target of two digits at most and numbers in range, the target not among them', () => {
    expect(programs).toMatchObject({ answerKind: 'number', files: [], dropped: {} });
    for (const { question, answerValue } of all(programs)) {
      const { target, numbers } = read(question);
      expect(target).toBe(answerValue);
      expect(target >= 1 && target <= 99 && !numbers.includes(target)).toBe(true);
      expect(numbers.every((number) => number >= 1 && number <= largestNumber)).toBe(true);
    }
  });

  it.skipIf(!hasPython)('have programs that use each number once and reach the target', () => {
    const annotated = [...programs.train, ...programs.validation];
    expect(runPrograms(annotated.map(({ answer = '' }) => programFrom(answer)))).toEqual(
      annotated.map(({ answerValue }) => answerValue),
    );
    for (const { question, answer = '' } of annotated) {
      const [, expression = ''] = /^ {4}result = ([\d+*/() -]+)\n {4}return result$/.exec(answer) ?? [];
      expect(sorted((expression.match(/\d+/g) ?? []).map(Number))).toEqual(sorted(read(question).numbers));
    }
  });

  it('have chains of true equations, the last of which gives the target, and end with the expression', () => {
    chains.train.forEach(({ question, answer = '', answerValue }, index) => {
      const [chain = '', expression] = answer.split('\nTherefore, the answer is: ');
      const equations = [...chain.matchAll(/(\d+) ([-+*/]) (\d+) = (\d+)\./g)];
      expect(equations).toHaveLength(read(question).numbers.length - 1);
      for (const [, left, operator, right, value] of equations) {
        const [a, b] = [Number(left), Number(right)];
        expect(Number(value)).toBe({ '+': a + b, '-': a - b, '*': a * b, '/': a / b }[operator ?? '']);
      }
      expect(Number(equations.at(-1)?.[4])).toBe(answerValue);
      expect(programs.train[index]?.answer).toBe(`    result = ${expression}\n    return result`);
    });
  });

  it('divide without remainder and stay whole and positive on the way, with all four operators', () => {
    const operators = new Set<string>();
    for (let candidate = 0; candidate < 500; candidate++) {
      const puzzle = drawPuzzle(3, candidate, largestNumber);
      for (const { operator, value } of stepsOf(puzzle.expression)) {
        operators.add(operator);
        expect(Number.isInteger(value) && value >= 1).toBe(true);
      }
      expect(writeExpression(puzzle)).not.toContain('//');
    }
    expect([...operators].sort()).toEqual(['*', '+', '-', '//']);
  });

  it('are in one set only, whatever the order of their numbers and the seed', async () => {
    const other = await load('program', 2);
    const homes = new Map<string, string>();
    for (const sets of [programs, other])
      for (const split of ['train', 'validation', 'test'] as const)
        for (const { question } of sets[split]) {
          const { target, numbers } = read(question);
          const form = `${sorted(numbers).join(' ')} -> ${target}`;
          expect(splitOf(form)).toBe(split);
          expect(homes.get(form) ?? split).toBe(split);
          homes.set(form, split);
        }
    expect(new Set(all(programs).map(({ question }) => question)).size).toBe(1_000);
    expect(puzzleForm(drawPuzzle(1, 0, largestNumber))).toMatch(/^\d+( \d+)+ -> \d+$/);
  });

  it('depend on the seed and on nothing else', async () => {
    expect(await load('program')).toEqual(programs);
    expect((await load('program', 1, { test: 310 })).train).toEqual(programs.train);
    expect((await load('program', 2)).train).not.toEqual(programs.train);
    expect(programs.test.some((one) => 'answer' in one)).toBe(false);
  });

  it('run out where more are asked for than there are', async () => {
    await expect(load('program', 1, { test: 2_000, largestNumber: 5 })).rejects.toMatchObject({
      name: 'InvalidSpec',
      message: expect.stringContaining('ask for fewer'),
    });
  });
});
