/** What a stranger's tokenizer.json can hold: it is refused in few words, at once, where it is read or where a text shows it. */
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../activities/data/tokenizer/loadTokenizer.js';

const special = { endTokens: [0], padToken: 0 };
const wordLevel = (vocab: unknown, parts: object = {}): unknown => ({
  ...parts,
  model: { type: 'WordLevel', vocab, unk_token: 'a' },
});
const load = (json: unknown) => loadTokenizer(json, special);
const refusal = (message: RegExp) =>
  expect.objectContaining({ name: 'InvalidData', message: expect.stringMatching(message) });
const split = (Regex: string): object => ({
  pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
});

describe('a tokenizer is refused', () => {
  it.each([
    ['an id that would take all memory', wordLevel({ a: 1_000_000_000 }), /token "a" with the id 1000000000; allowed/],
    ['an id below 0', wordLevel({ a: -1 }), /the id -1/],
    ['an id that is not whole', wordLevel({ a: 1.5 }), /the id 1\.5/],
    ['an id that is a text', wordLevel({ a: 'b' }), /the id "b"/],
    ['a token of a megabyte', wordLevel({ ['x'.repeat(1e6)]: 1 }), /texts of at most 4000 characters/],
    [
      'an added token beyond all',
      wordLevel({ a: 0 }, { added_tokens: [{ id: 1e9, content: 'b' }] }),
      /added_tokens\[0\]/,
    ],
    [
      'a million added tokens of no form',
      wordLevel({ a: 0 }, { added_tokens: new Array(1_000_000).fill({}) }),
      /^tokenizer\.json: added_tokens\[0\] cannot be used.{1,200}$/s,
    ],
    ['a token without a score', { model: { type: 'Unigram', vocab: [['a']], unk_id: 0 } }, /token 0 of the vocabulary/],
    ['an unknown token that is none', { model: { type: 'Unigram', vocab: [['a', 0]], unk_id: 9 } }, /unk_id is 9/],
    ['a merge that is none', { model: { type: 'BPE', vocab: { a: 0 }, merges: [[1, 'a']] } }, /the merge \[1,"a"\]/],
    [
      'a long text in the place of each space',
      wordLevel({ a: 0 }, { normalizer: { type: 'Replace', pattern: { String: ' ' }, content: 'x'.repeat(101) } }),
      /^tokenizer\.json: normalizer\.content has 101 characters; at most 100 are allowed$/,
    ],
    [
      'a pattern of a megabyte',
      wordLevel({ a: 0 }, split('a'.repeat(1e6))),
      /pre_tokenizer\.pattern\.Regex has 1000000/,
    ],
  ])('for %s', (_, json, message) => {
    expect(() => load(json)).toThrow(refusal(message));
  });
});

describe('a pattern', () => {
  it.each(['(a+)+$', '(?:a|a)*$'])('that backtracks for ever is found out by a text: %s', (pattern) => {
    const tokenizer = load(wordLevel({ a: 0, b: 1 }, split(pattern)));
    expect(tokenizer.encode('b')).toEqual([1]);
    expect(() => tokenizer.encode(`${'a'.repeat(40)}b`)).toThrow(
      refusal(/^tokenizer\.json cannot be used: on 41 char/),
    );
    expect(tokenizer.encode('b')).toEqual([1]);
  });
});
