/** Tokenizers of the kinds that published models come with, against Hugging Face's own implementation: tokens and texts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../../activities/data/tokenizer/loadTokenizer.js';

interface Published {
  readonly tokenizer: unknown;
  readonly cases: readonly { readonly text: string; readonly ids: readonly number[]; readonly decoded: string }[];
}

describe.each(['llama', 'codellama', 'galactica'])('a tokenizer in the manner of %s', (name) => {
  const file = new URL(`../../../reference/fixtures/tokenizer-${name}.json`, import.meta.url);
  const { tokenizer: json, cases }: Published = JSON.parse(readFileSync(file, 'utf8'));
  // Beyond the vocabulary, so that decoding neither ends nor leaves anything out.
  const tokenizer = loadTokenizer(json, { endToken: 9_999, padToken: 9_999 });

  it.each(cases)('has the tokens of $text', ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });

  it.each(cases)('writes the tokens of $text', ({ ids, decoded }) => {
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it('gives programs back, their indentation whole', () => {
    const program = 'def solution():\n    result = 12 - 5\n    return result';
    expect(tokenizer.decode(tokenizer.encode(program))).toBe(program);
    const body = '    apples = 12\n    return apples';
    expect(tokenizer.decode(tokenizer.encode(body))).toBe(body);
  });
});
