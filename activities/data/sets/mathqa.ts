/**
 * MathQA (Amini et al., NAACL 2019): multiple choice, and as the ReFT paper has it with a number to give instead of a letter. MathQA's
 * own files serve both.
 *
 * Multiple choice invites reward hacking: a wrong chain of thought that ends on a lucky letter earns as much as a right one. The
 * paper reports it and shows that the numeric form does not have it.
 */
import { paperFiles, publishedSet } from './published.js';

/** MathQA's own files, with formulas and rationales. */
export const mathqaAnnotated = ['mathqa/train.json', 'mathqa/dev.json'];

function mathqaWith(name: 'mathqa' | 'mathqa-numeric') {
  return publishedSet({
    name,
    train: {
      program: [...paperFiles(name, 'python_sdp'), ...mathqaAnnotated],
      natural: [...paperFiles(name, 'nl'), ...mathqaAnnotated],
    },
    test: [...paperFiles(name, 'test_set'), 'mathqa/test.json'],
  });
}

export const mathqa = mathqaWith('mathqa');
export const mathqaNumeric = mathqaWith('mathqa-numeric');
