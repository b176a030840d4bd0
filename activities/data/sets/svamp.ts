/** SVAMP (Patel et al., NAACL 2021): elementary word problems, in the files of the ReFT paper. */
import { paperFiles, publishedSet } from './published.js';

export const svamp = publishedSet({
  name: 'svamp',
  train: { program: paperFiles('svamp', 'python_sdp'), natural: paperFiles('svamp', 'nl') },
  test: paperFiles('svamp', 'test_set'),
});
