/**
 * Data sets whose authors annotate an equation instead of a chain of thought: MAWPS (Koncel-Kedziorski et al., NAACL 2016) and ASDiv (Miao
 * et al., ACL 2020). Programs are made of the equations.
 */
import { publishedSet } from './published.js';

/** The authors' file of all questions; or a fold of the SVAMP paper's repository, with its own split. */
export const mawpsWhole = ['mawps/mawps.json', 'mawps/MAWPS.json'];
export const mawpsTraining = ['mawps/train.json', 'mawps/train.csv'];
export const asdivWhole = ['asdiv/ASDiv.xml', 'asdiv/asdiv.jsonl'];
export const asdivTraining = ['asdiv/train.jsonl', 'asdiv/train.csv'];

export const mawps = publishedSet({
  name: 'mawps',
  train: { program: mawpsTraining, natural: [] },
  test: ['mawps/test.json', 'mawps/dev.csv'],
  whole: mawpsWhole,
});

export const asdiv = publishedSet({
  name: 'asdiv',
  train: { program: asdivTraining, natural: [] },
  test: ['asdiv/test.jsonl', 'asdiv/dev.csv'],
  whole: asdivWhole,
});
