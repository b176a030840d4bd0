/**
 * The answers that a round trains on. With dynamic sampling (`activities/engine/rl/dynamicSampling.ts`) questions that tell nothing are
 * replaced by as many further ones, again and again up to a bound.
 *
 * Each batch is activities like any rollout, so its results are in the history. Further questions are those that follow the round's own
 * in the epoch's permutation, and no question is asked twice in a round: which they are follows from the specification and the scores
 * alone, and nothing of it has to be remembered for the next round.
 */
import type { QuestionSelection } from '../../activities/data/types.js';
import type { SelectGroupsResult } from '../../activities/selectGroups.js';
import type { DynamicSampling } from '../config/algorithms.js';
import { general } from './activities.js';
import { type AnswerRequest, type Answers, answerQuestions, joinAnswers } from './rollout.js';

export interface DrawnRound {
  /** Figures are of all answers drawn, `scored` has those that are to be trained on: none where no question told anything. */
  readonly answers: Answers;
  /** What was drawn and dropped; empty without dynamic sampling. */
  readonly metrics: Readonly<Record<string, number>>;
}

interface Batch {
  readonly answers: Answers;
  readonly groups: SelectGroupsResult;
}

type RoundRequest = AnswerRequest & { readonly selection: QuestionSelection };

export async function drawRound(request: RoundRequest, sampling: DynamicSampling | null): Promise<DrawnRound> {
  if (sampling === null) return { answers: await answerQuestions(request), metrics: {} };
  const { selection, questions, label } = request;
  const wanted = selection.to - selection.from;
  let asked = wanted;
  const batches = [await drawBatch(request, sampling)];
  for (let extra = 1; extra <= sampling.maxExtraBatches; extra++) {
    const missing = wanted - total(batches, ({ kept }) => kept);
    const size = Math.min(missing, questions.count - asked);
    if (size === 0) break;
    const from = selection.from + asked;
    const further = { ...selection, from, to: from + size };
    const place = `${label}, extra batch ${extra}`;
    batches.push(await drawBatch({ ...request, selection: further, label: place }, sampling));
    asked += size;
  }
  const [right, wrong] = [total(batches, (groups) => groups.right), total(batches, (groups) => groups.wrong)];
  return {
    answers: {
      ...joinAnswers(batches.map(({ answers }) => answers)),
      scored: batches.flatMap(({ groups }) => groups.scored),
    },
    metrics: {
      questionsDrawn: asked,
      droppedRight: right,
      droppedWrong: wrong,
      extraBatches: batches.length - 1,
      groupsWithoutSignal: (100 * (right + wrong)) / asked,
    },
  };
}

async function drawBatch(request: RoundRequest, { signal }: DynamicSampling): Promise<Batch> {
  const answers = await answerQuestions(request);
  const groups = await general.selectGroups.executeWithOptions({ summary: `select questions ${request.label}` }, [
    { scored: answers.scored, signal },
  ]);
  return { answers, groups };
}

function total(batches: readonly Batch[], pick: (groups: SelectGroupsResult) => number): number {
  return batches.reduce((sum, { groups }) => sum + pick(groups), 0);
}
