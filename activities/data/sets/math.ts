/** MATH (Hendrycks et al., NeurIPS 2021): competition problems whose solutions give the answer in a `\boxed{}`. */
import { publishedSet } from './published.js';

export const math = publishedSet({
  name: 'math',
  train: { program: [], natural: ['math/train.jsonl'] },
  test: ['math/test.jsonl'],
});
