/**
 * The activity `tallyEvaluation`: the table's metrics for one model, from its scored samples of a test set and, where there are any, the reward model's scores of them.
 *
 * Shards are read, tallied and forgotten one after the other, so memory holds one shard's samples and a line a question,
 * however many samples there are.
 */

import { z } from 'zod';
import type { DataSetRef } from './data/types.js';
import { InvalidData } from './errors.js';
import type { EvaluationMetrics, Verdict } from './evaluation/types.js';
import { metricsOf, sampledVerdict } from './evaluation/verdicts.js';
import { heartbeatWhile, type ReportProgress } from './heartbeatWhile.js';
import { at } from './invariant.js';
import type { Comparison } from './rewards/compareAnswers.js';
import { addParts, partMeans, totalParts } from './rewards/parts.js';
import type { PartTotal, RewardModelScore, ScoredSample } from './rewards/samples.js';
import type { ObjectRef, Store } from './store/types.js';
import { readScored } from './trainingSteps.js';

export interface TallyEvaluationInput {
  readonly data: DataSetRef;
  readonly greedy: readonly ObjectRef[];
  /** K samples a question, all of a question in one object; `rewardModelScores` aligned with `sampled` where there is a reward model. */
  readonly sampled: readonly ObjectRef[];
  readonly rewardModelScores: readonly ObjectRef[];
  /** The reward's, where it has one of its own: votes are counted by it. */
  readonly comparison?: Comparison;
}

export interface TallyEvaluationResult {
  readonly metrics: EvaluationMetrics;
  /** Lines of `Verdict`, one a question. */
  readonly verdicts: ObjectRef;
}

const rewardModelScoresSchema: z.ZodType<readonly RewardModelScore[]> = z.array(
  z.object({ example: z.int(), sample: z.int(), probability: z.number().min(0).max(1) }),
);

/**
 * @throws InvalidData when the samples do not cover each question of the data set equally, or reward model scores do not match them:
 *   a metric over part of the questions must not pass for one over all.
 */
export function createTallyEvaluation({ store }: { readonly store: Store }) {
  return (input: TallyEvaluationInput): Promise<TallyEvaluationResult> =>
    heartbeatWhile('shards', (report, signal) => tally(store, input, report, signal));
}

const noSamples = 0;

async function tally(
  store: Store,
  { data: { count }, greedy, sampled, rewardModelScores, comparison }: TallyEvaluationInput,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<TallyEvaluationResult> {
  const verdicts = Array.from({ length: count }, (): Partial<Verdict> => ({}));
  const shards = greedy.length + sampled.length;
  let done = 0;
  /** Hands each question of a shard, with its samples in order, to `verdictOf`, whose verdict must be the question's first. */
  const take = async (
    ref: ObjectRef,
    field: 'top1' | 'correct',
    verdictOf: (question: readonly ScoredSample[], start: number) => Partial<Verdict>,
  ): Promise<void> => {
    signal.throwIfAborted();
    const samples = await readScored(store, [ref]);
    for (let start = 0, end = 0; start < samples.length; start = end) {
      const { example } = at(samples, start);
      while (samples[end]?.example === example) end += 1;
      const before = verdicts[example];
      if (before === undefined) throw new InvalidData(`a sample is of question ${example}, but there are ${count}`);
      if (before[field] !== undefined) throw new InvalidData(`question ${example} was answered twice`);
      verdicts[example] = { ...before, ...verdictOf(samples.slice(start, end), start) };
    }
    done += 1;
    report(done, shards);
  };

  let parts: Readonly<Record<string, PartTotal>> = {};
  for (const ref of greedy)
    await take(ref, 'top1', (question) => {
      if (question.length !== 1) throw new InvalidData('greedy answers: expected exactly one a question');
      parts = addParts([parts, totalParts(question)]);
      return { top1: at(question, 0).correct };
    });
  if (rewardModelScores.length > 0 && rewardModelScores.length !== sampled.length)
    throw new InvalidData(`${rewardModelScores.length} objects of rewardModelScores for ${sampled.length} of samples`);
  /** Samples of each question; undefined where there are greedy answers only. */
  let each: number | undefined;
  for (const [index, ref] of sampled.entries()) {
    const shardScores = rewardModelScores[index] && (await readRewardModelScores(store, rewardModelScores[index]));
    let taken = 0;
    await take(ref, 'correct', (question, start) => {
      each ??= question.length;
      if (question.length !== each)
        throw new InvalidData(
          `question ${at(question, 0).example} has ${question.length} samples where others have ${each}`,
        );
      taken += question.length;
      const probabilities = shardScores ? probabilitiesOf(question, shardScores, start) : null;
      return sampledVerdict(question, probabilities, comparison);
    });
    if (shardScores && shardScores.length !== taken)
      throw new InvalidData(`${shardScores.length} reward model scores for ${taken} samples: expected one each`);
  }

  const complete = verdicts.map((verdict, question): Verdict => {
    const { top1, correct } = verdict;
    if (top1 === undefined) throw new InvalidData(`question ${question} of ${count} has no greedy answer`);
    if (sampled.length > 0 && correct === undefined)
      throw new InvalidData(`question ${question} of ${count} has no samples`);
    return { ...verdict, top1 };
  });
  const rewardParts = partMeans(parts);
  const metrics = {
    ...metricsOf(complete, each ?? noSamples),
    ...(Object.keys(rewardParts).length > 0 && { rewardParts }),
  };
  return { metrics, verdicts: await store.putLines(complete) };
}

/** A shard's, in the order of its samples. */
export async function readRewardModelScores(store: Store, ref: ObjectRef): Promise<readonly RewardModelScore[]> {
  return rewardModelScoresSchema.parse(await store.getLines(ref));
}

function probabilitiesOf(
  question: readonly ScoredSample[],
  rewardModelScores: readonly RewardModelScore[],
  start: number,
): readonly number[] {
  return question.map(({ example, sample }, index) => {
    const rewardModelScore = rewardModelScores[start + index];
    if (rewardModelScore?.example !== example || rewardModelScore.sample !== sample)
      throw new InvalidData(
        `rewardModelScore ${start + index} is not of the sample at its place (question ${example})`,
      );
    return rewardModelScore.probability;
  });
}
