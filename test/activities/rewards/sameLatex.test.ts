/** Pairs after the rules of MATH's `math_equivalence.py`: what is one answer to its authors, and what is not. */
import { describe, expect, it } from 'vitest';
import { comparisonSchema, isEligible, sameAnswer } from '../../../activities/rewards/compareAnswers.js';
import { extractFromText } from '../../../activities/rewards/extractAnswer.js';
import { resolveEvaluation, resolveSpec } from '../../../workflows/config/resolve.js';

const latex = comparisonSchema.parse({ name: 'latex' });

describe('the same', () => {
  it.each([
    ['\\dfrac{1}{2}', '\\frac12'],
    ['0.5', '\\frac{1}{2}'],
    ['1/2', '\\tfrac{1}{2}'],
    ['.5', '0.5'],
    ['-3/4', '\\frac{-3}{4}'],
    ['\\frac1{72}', '\\frac{1}{72}'],
    ['k = 3', '3'],
    ['42\\text{ cm}', '42'],
    ['30^\\circ', '30'],
    ['50\\%', '50'],
    ['\\$5', '5'],
    ['\\left( 1, 2 \\right)', '(1,2)'],
    ['\\sqrt2', '\\sqrt{2}'],
    ['10{,}\\!000', '10{,}000'],
    ['$x + 1$', 'x+1'],
  ])('%s is %s', (a, b) => {
    expect(sameAnswer(a, b, latex)).toBe(true);
    expect(sameAnswer(b, a, latex)).toBe(true);
  });
});

describe('not the same', () => {
  it.each([
    ['\\frac{2}{4}', '\\frac{1}{2}'],
    ['x', 'X'],
    ['1,000', '1000'],
    ['x + 1 = 3', '3'],
    ['\\pi', '\\pi^2'],
  ])('%s and %s', (a, b) => expect(sameAnswer(a, b, latex)).toBe(false));
});

it('is read from the last box, and may be voted for', () => {
  const found = extractFromText('So \\boxed{1}, or \\boxed{\\dfrac{3}{4}}.', 'text', {
    extraction: 'boxed',
    comparison: latex,
  });
  expect(found.value).toBe('\\frac{3}{4}');
  expect(isEligible(found.value, latex)).toBe(true);
});

describe('a specification of MATH', () => {
  const given = { preset: 'demo', data: { source: 'math', cot: 'natural' } };
  it('compares so, unless it says otherwise', () => {
    expect(resolveSpec(given).reward).toMatchObject({ name: 'answer', comparison: { name: 'latex' } });
    expect(resolveSpec({ ...given, reward: { name: 'answer', comparison: { name: 'exact' } } }).reward).toMatchObject({
      comparison: { name: 'exact' },
    });
    expect(resolveSpec({ preset: 'demo' }).reward).not.toHaveProperty('comparison');
    const evaluation = { model: { from: 'hf:org/name' }, data: given.data };
    expect(resolveEvaluation(evaluation).reward).toMatchObject({ comparison: { name: 'latex' } });
  });
});
