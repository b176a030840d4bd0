/** What runs and evaluations publish as `samples.jsonl`: scored answers joined with their questions, a line each. */
import type { DataSetRef } from './data/types.js';
import { CorruptObject } from './errors.js';
import { type AnsweredQuestion, answeredQuestion } from './report/answers.js';
import type { ObjectRef, Store } from './store/types.js';
import { readExamples, readScored } from './trainingSteps.js';

/** @throws CorruptObject when an answer is to a question that the data set does not have. */
export async function publishAnswers(
  store: Store,
  key: string,
  questions: DataSetRef,
  scored: readonly ObjectRef[],
): Promise<readonly AnsweredQuestion[]> {
  const examples = await readExamples(store, questions);
  const answers: AnsweredQuestion[] = [];
  for (const ref of scored)
    for (const sample of await readScored(store, [ref])) {
      const example = examples[sample.example];
      if (example === undefined)
        throw new CorruptObject(ref.key, `questions 0 to ${examples.length - 1}`, `question ${sample.example}`);
      answers.push(answeredQuestion(example, sample));
    }
  await store.publish(key, Buffer.from(answers.map((answer) => `${JSON.stringify(answer)}\n`).join('')));
  return answers;
}
