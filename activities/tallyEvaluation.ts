/**
 * The activity `tallyEvaluation`: the table's figures for one model, from its scored (and judged) samples of a test set.
 */
import { z } from 'zod';
import type { EvaluationFigures, Judgement, ObjectRef, ScoredSample, TallyEvaluationInput } from './contracts.js';
import { InvalidData } from './data/errors.js';
import { readScored } from './engineSteps.js';
import { accuracyOf } from './evaluation/accuracy.js';
import { anyCorrect, rerank, vote } from './evaluation/voting.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import type { Store } from './store/types.js';

const judgementSchema: z.ZodType<Judgement> = z.object({
  example: z.int(),
  sample: z.int(),
  probability: z.number().min(0).max(1),
});

/** A question's samples in order, with the reward model's probabilities where there is one. */
interface Question {
  readonly samples: ScoredSample[];
  readonly probabilities: number[];
}

/**
 * @throws InvalidData when the samples do not cover each question of the data set equally, or judgements do not match them:
 *   a figure over part of the questions must not pass for one over all.
 */
export function createTallyEvaluation({ store }: { readonly store: Store }) {
  return (input: TallyEvaluationInput): Promise<EvaluationFigures> =>
    heartbeatWhile('answers', () => tally(store, input));
}

async function tally(
  store: Store,
  { data, greedy, sampled, judged }: TallyEvaluationInput,
): Promise<EvaluationFigures> {
  const answers = group(await readScored(store, greedy), null, data.count);
  const accuracy = (isRight: (question: Question) => boolean, questions: readonly Question[]) =>
    accuracyOf(questions.filter(isRight).length, data.count);
  const top1 = accuracy(({ samples }) => anyCorrect(samples), answers);
  if (answers.some(({ samples }) => samples.length !== 1))
    throw new InvalidData('greedy answers: expected exactly one a question');
  if (sampled.length === 0) return { top1, samples: 0 };

  const judgements = judged.length === 0 ? null : await readJudgements(store, judged);
  const questions = group(await readScored(store, sampled), judgements, data.count);
  return {
    top1,
    voting: accuracy(({ samples }) => vote(samples)?.correct ?? false, questions),
    upperBound: accuracy(({ samples }) => anyCorrect(samples), questions),
    ...(judgements && {
      reranking: accuracy(({ samples, probabilities }) => rerank(samples, probabilities)?.correct ?? false, questions),
      weightedVoting: accuracy(
        ({ samples, probabilities }) => vote(samples, probabilities)?.correct ?? false,
        questions,
      ),
    }),
    samples: questions[0]?.samples.length ?? 0,
  };
}

async function readJudgements(store: Store, refs: readonly ObjectRef[]): Promise<readonly Judgement[]> {
  const parts = await Promise.all(refs.map((ref) => store.getLines(ref)));
  return z.array(judgementSchema).parse(parts.flat());
}

function group(
  samples: readonly ScoredSample[],
  judgements: readonly Judgement[] | null,
  count: number,
): readonly Question[] {
  if (judgements !== null && judgements.length !== samples.length)
    throw new InvalidData(`${judgements.length} judgements for ${samples.length} samples: expected one each`);
  const questions = Array.from({ length: count }, (): Question => ({ samples: [], probabilities: [] }));
  samples.forEach((sample, index) => {
    const question = questions[sample.example];
    if (question === undefined)
      throw new InvalidData(`a sample is of question ${sample.example}, but there are ${count}`);
    question.samples.push(sample);
    if (judgements === null) return;
    const judgement = judgements[index];
    if (judgement?.example !== sample.example || judgement.sample !== sample.sample)
      throw new InvalidData(`judgement ${index} is not of the sample at its place (question ${sample.example})`);
    question.probabilities.push(judgement.probability);
  });
  const each = samples.length / count;
  const uneven = questions.findIndex((question) => question.samples.length !== each);
  if (uneven >= 0)
    throw new InvalidData(
      `question ${uneven} has ${questions[uneven]?.samples.length} samples where the ${count} questions have ${each} on average`,
    );
  return questions;
}
