/** SVAMP (Patel et al., NAACL 2021): elementary word problems, in the files of the ReFT paper, or SVAMP's own, of whose equations programs are made. */
import { paperFiles, publishedSet } from './published.js';

/** Files of SVAMP's repository: the training questions of a fold, and the challenge set. */
export const svampAnnotated = ['svamp/train.csv', 'svamp/SVAMP.json'];

export const svamp = publishedSet({
  name: 'svamp',
  train: { program: [...paperFiles('svamp', 'python_sdp'), 'svamp/train.csv'], natural: paperFiles('svamp', 'nl') },
  test: [...paperFiles('svamp', 'test_set'), 'svamp/dev.csv', 'svamp/SVAMP.json'],
});
