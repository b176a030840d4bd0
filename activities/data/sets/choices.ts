/**
 * Multiple choice: AQuA (Ling et al., ACL 2017), and any data set whose rows are a question, its options and which of them is right
 * (`rows/multipleChoice.ts`). Chains of thought are in words.
 */
import { publishedSet } from './published.js';

export const aqua = publishedSet({
  name: 'aqua',
  train: { program: [], natural: ['aqua/train.json', 'aqua/train.jsonl'] },
  test: ['aqua/test.json', 'aqua/test.jsonl'],
});

export const multipleChoice = publishedSet({
  name: 'multiple-choice',
  train: {
    program: [],
    natural: ['multiple-choice/train.jsonl', 'multiple-choice/train.json', 'multiple-choice/train.csv'],
  },
  test: ['multiple-choice/test.jsonl', 'multiple-choice/test.json', 'multiple-choice/test.csv'],
});
