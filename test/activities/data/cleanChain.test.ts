/** Rationales typed after MathQA's and GSM8K's: what is left of them, and which are left out. */
import { describe, expect, it } from 'vitest';
import { cleanChain } from '../../../activities/data/cleanChain.js';

const options = 'a ) 163 , b ) 286 , c ) 364 boys , d ) 13 : 2 , e ) none of these';
const choice = { question: `how many ?\n${options}`, answerValue: 'c' };

describe('of a rationale', () => {
  it.each([
    ['"56 % of 650 is 364 . answer : c"', '56 % of 650 is 364'],
    ['explanation : 56 % of 650 is 364 . hence , the correct answer is option ( c ) .', '56 % of 650 is 364'],
    ['650 - 286 = 364 = > c', '650 - 286 = 364'],
    ['650 - 286 = 364 correct option : c', '650 - 286 = 364'],
    ["we don ' t know , so ( 3 + 4 ) . it is 7 . c is the correct answer .", "we don't know, so (3 + 4). it is 7"],
    ['rs . 650 - 286 = 364 boys', 'rs . 650 - 286 = 364 boys'],
  ])('%s', (written, chain) => expect(cleanChain(written, choice)).toEqual({ chain }));

  it.each([
    ['56 % of 650 is 286 . answer : b', 'chain of thought names another option'],
    ['c', 'chain of thought has no steps'],
    ['answer : c ', 'chain of thought has no steps'],
    ['it is 286', 'chain of thought names no option, and comes to another number'],
  ])('%s: %s', (written, problem) => expect(cleanChain(written, choice)).toEqual({ problem }));

  it('whose right option is no number', () => {
    expect(cleanChain('26 : 4', { ...choice, answerValue: 'd' })).toEqual({
      problem: 'chain of thought names no option',
    });
    expect(cleanChain('26 : 4 = 13 : 2 answer d', { ...choice, answerValue: 'd' })).toEqual({
      chain: '26 : 4 = 13 : 2',
    });
  });
});

describe('of a chain that ends in a number', () => {
  const row = { question: 'How many?', answerValue: 1200 };
  it('keeps its lines', () => {
    expect(cleanChain('She has 3 * 400 = 1,200 pens.\nThat is all.', row)).toEqual({
      chain: 'She has 3 * 400 = 1,200 pens.\nThat is all.',
    });
  });
  it('leaves out one that ends in another', () => {
    expect(cleanChain('1200 is too many, so 3, 4 and 5', row)).toEqual({
      problem: 'chain of thought comes to another number',
    });
    expect(cleanChain('It is 1201.', { ...row, answerValue: 12 })).toEqual({
      problem: 'chain of thought comes to another number',
    });
  });
});
