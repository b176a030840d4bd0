/** Scored answers joined with their questions, from the store. */
import type { DataSetRef } from './data/types.js';
import { CorruptObject } from './errors.js';
import { type AnsweredQuestion, answeredQuestion } from './report/answers.js';
import type { ObjectRef, Store } from './store/types.js';
import { readExamples, readScored } from './trainingSteps.js';

/** @throws CorruptObject when an answer is to a question that the data set does not have. */
export async function readAnswers(
  store: Store,
  questions: DataSetRef,
  scored: readonly ObjectRef[],
): Promise<AnsweredQuestion[]> {
  const examples = await readExamples(store, questions);
  const answers: AnsweredQuestion[] = [];
  for (const ref of scored)
    for (const sample of await readScored(store, [ref])) {
      const example = examples[sample.example];
      if (example === undefined)
        throw new CorruptObject(ref.key, `questions 0 to ${examples.length - 1}`, `question ${sample.example}`);
      answers.push(answeredQuestion(example, sample));
    }
  return answers;
}
