/** GSM8K (Cobbe et al., 2021): grade-school word problems, in the files of the ReFT paper or OpenAI's, which have no programs. */
import { paperFiles, publishedSet } from './published.js';

export const gsm8k = publishedSet({
  name: 'gsm8k',
  train: {
    program: paperFiles('gsm8k', 'python_sdp'),
    natural: [...paperFiles('gsm8k', 'nl'), 'gsm8k/train.jsonl'],
  },
  test: [...paperFiles('gsm8k', 'test_set'), 'gsm8k/test.jsonl'],
});
