/** GSM8K (Cobbe et al., 2021): grade-school word problems, in the files of the ReFT paper or OpenAI's, of whose notes programs are made. */
import { paperFiles, publishedSet } from './published.js';

/** OpenAI's training file, with calculator notes. */
export const gsm8kAnnotated = ['gsm8k/train.jsonl'];

export const gsm8kTraining = {
  program: [...paperFiles('gsm8k', 'python_sdp'), ...gsm8kAnnotated],
  natural: [...paperFiles('gsm8k', 'nl'), ...gsm8kAnnotated],
};

export const gsm8k = publishedSet({
  name: 'gsm8k',
  train: gsm8kTraining,
  test: [...paperFiles('gsm8k', 'test_set'), 'gsm8k/test.jsonl'],
});
