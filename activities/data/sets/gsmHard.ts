/**
 * GSM-Hard (Gao et al., 2022, PAL): GSM8K's test questions with larger numbers, in the authors' `gsmhardv2.jsonl`. There is nothing to
 * train on but GSM8K's own training questions.
 */
import { gsm8kTraining } from './gsm8k.js';
import { publishedSet } from './published.js';

export const gsmHard = publishedSet({
  name: 'gsm-hard',
  train: gsm8kTraining,
  test: ['gsm-hard/gsmhardv2.jsonl', 'gsm-hard/test.jsonl'],
});
