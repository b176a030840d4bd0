/** The field `difficulty`: what it is where it is left out, what is refused, and what is said of it. */
import { describe, expect, it } from 'vitest';
import { describeSpec } from '../../../workflows/config/describe.js';
import { differencesFrom } from '../../../workflows/config/differencesFrom.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import { selectRound } from '../../../workflows/steps/selections.js';

const withDifficulty = (difficulty: unknown, others: object = {}) =>
  resolveSpec({ preset: 'smoke', difficulty, ...others });

describe('difficulty', () => {
  it('is null where it is left out, and by default leaves out what is always or never right', () => {
    expect(resolveSpec({ preset: 'smoke' }).difficulty).toBeNull();
    expect(withDifficulty({}).difficulty).toEqual({ samplesPerQuestion: 8, min: 0.01, max: 0.99, order: 'random' });
  });

  it.each([
    [{ samplesPerQuestion: 1 }, 'difficulty.samplesPerQuestion: got 1, allowed: a whole number from 2 to 64'],
    [{ samplesPerQuestion: 65 }, 'difficulty.samplesPerQuestion: got 65, allowed: a whole number from 2 to 64'],
    [{ min: -0.1 }, 'difficulty.min: got -0.1, allowed: a number from 0 to 1'],
    [{ max: 1.5 }, 'difficulty.max: got 1.5, allowed: a number from 0 to 1'],
    [{ order: 'hard-first' }, 'difficulty.order: got "hard-first", allowed: one of "random", "easy-first"'],
    [{ easyFirst: true }, 'difficulty.easyFirst: unknown field'],
    [
      { min: 0.6, max: 0.4 },
      'difficulty: got {"min":0.6,"max":0.4}, allowed: min and max with a pass rate of 8 samples between them',
    ],
    [{ min: 0.26, max: 0.37 }, 'difficulty: got {"min":0.26,"max":0.37}, allowed: min and max'],
    [{ samplesPerQuestion: 4, max: 0.2 }, 'with a pass rate of 4 samples between them: 0, 1/4, … 1'],
  ])('refuses %j', (difficulty, message) => {
    expect(() => withDifficulty(difficulty)).toThrow(message);
  });

  it('takes a range of one pass rate', () => {
    expect(withDifficulty({ samplesPerQuestion: 10, min: 0.7, max: 0.7 }).difficulty).toMatchObject({ min: 0.7 });
  });

  it('is told, but of SFT, which trains on all questions', () => {
    expect(describeSpec(withDifficulty({ order: 'easy-first', max: 0.5 }))).toContain(
      '- **Difficulty**: questions with a pass rate from 0.01 to 0.5 of 8 answers, easy ones first\n',
    );
    expect(describeSpec(withDifficulty({}, { method: 'sft' }))).not.toContain('Difficulty');
    expect(describeSpec(withDifficulty(null))).not.toContain('Difficulty');
  });

  it('may be another in a branch that leaves the warm-up, and in no other', () => {
    const parent = withDifficulty({ max: 0.5 });
    const problems = (round: number) => differencesFrom(withDifficulty({}), parent, { run: 'p', round });
    expect(problems(0)).toEqual([]);
    expect(problems(1)).toEqual(['difficulty.max: got 0.99, allowed: 0.5, as in run p (startFrom)']);
  });

  it('takes rounds level by level in each epoch', () => {
    const rounds = { epochs: 2, questionsPerRound: 4, samplesPerQuestion: 1 };
    expect(selectRound(rounds, 8, 1)).toEqual({ order: 'shuffled', epoch: 0, from: 4, to: 8 });
    expect(selectRound(rounds, 8, 3, [3, 5])).toEqual({
      order: 'by-level',
      levels: [3, 5],
      epoch: 1,
      from: 4,
      to: 8,
    });
  });
});
