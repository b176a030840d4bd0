/** Measures one model on a set of questions: greedy answers, K samples, their scores by the reward model, and the tally of all. */

import type { DataSetRef, PreparedData, QuestionSelection } from '../../activities/data/types.js';
import { at } from '../../activities/invariant.js';
import type { CheckpointRef, ObjectRef } from '../../activities/store/types.js';
import type { TallyEvaluationResult } from '../../activities/tallyEvaluation.js';
import { comparisonOf } from '../config/reward.js';
import type { AnsweringSpec } from '../config/spec.js';
import { addWork, type Journal } from '../monitoring/journal.js';
import { engine, general } from './activities.js';
import { answerQuestions, shardsAtOnce } from './rollout.js';
import { cutIntoShards, shardSize } from './selections.js';

/** What a measurement needs to know of a specification. */
type MeasuringSpec = AnsweringSpec & { readonly evaluation: { readonly samplesPerQuestion: number } };

export interface Measurement {
  readonly spec: MeasuringSpec;
  readonly data: PreparedData;
  readonly questions: DataSetRef;
  readonly checkpoint: CheckpointRef;
  readonly rewardModel: CheckpointRef | undefined;
  /** What the UI's timeline calls the model. */
  readonly name: string;
  /** Called after each shard. */
  readonly onShard: () => void;
  /** Called before each batch of shards: may wait, or continue as new with what `answers` holds by then. */
  readonly safePoint: () => Promise<void>;
}

/** A model's scored answers, a reference a shard: small however many samples there are, and filled as they come. */
export interface TestAnswers {
  readonly greedy: ObjectRef[];
  readonly sampled: ObjectRef[];
  /** The reward model's scores of `sampled`, in its order. */
  readonly rewardModelScores: ObjectRef[];
}

export function noAnswers(): TestAnswers {
  return { greedy: [], sampled: [], rewardModelScores: [] };
}

/** Shards in one measurement, for progress. */
export function countShards(
  spec: MeasuringSpec,
  questions: DataSetRef,
  rewardModel: CheckpointRef | undefined,
): number {
  const shards = (samples: number): number => Math.ceil(questions.count / shardSize(spec.generation, samples));
  const samples = spec.evaluation.samplesPerQuestion;
  return shards(1) + (samples > 0 ? shards(samples) * (rewardModel ? 2 : 1) : 0);
}

/**
 * The samples are drawn from the same random stream for every model. Nothing holds more than a shard's samples at once: each
 * activity has one shard, and the tally reads them one by one.
 * @param answers filled in; what is there from before continue-as-new is not done again
 */
export async function measureModel(
  journal: Journal,
  measurement: Measurement,
  answers: TestAnswers,
): Promise<TallyEvaluationResult> {
  const { spec, questions, rewardModel, name, onShard, safePoint } = measurement;
  const answerAll = async (samples: number, temperature: 0 | 1, label: string, scored: ObjectRef[]) => {
    const whole = { order: 'plain', from: 0, to: questions.count } as const;
    const shards = cutIntoShards(whole, shardSize(spec.generation, samples));
    // In parts, between which the workflow may continue as new: nothing is done again.
    while (scored.length < shards.length) {
      await safePoint();
      const batch = shards.slice(scored.length, scored.length + shardsAtOnce);
      const selection: QuestionSelection = { ...at(batch, 0), to: at(batch, -1).to };
      const part = shards.length > shardsAtOnce ? `, questions ${selection.from + 1} to ${selection.to}` : '';
      const { data, checkpoint } = measurement;
      const answered = await answerQuestions({
        journal,
        spec,
        data,
        checkpoint,
        questions,
        selection,
        samples,
        temperature,
        purpose: 'sample-test',
        round: 0,
        label: `test, ${label}, ${name}${part}`,
        onShard,
      });
      addWork(journal, 'evaluation', answered.work);
      if (temperature === 1 && rewardModel)
        answers.rewardModelScores.push(...(await scoreSampled(journal, measurement, rewardModel, answered.scored)));
      scored.push(...answered.scored);
    }
  };
  const samples = spec.evaluation.samplesPerQuestion;
  await answerAll(1, 0, 'greedy', answers.greedy);
  if (samples > 0) await answerAll(samples, 1, `${samples} samples`, answers.sampled);
  return general.tallyEvaluation.executeWithOptions({ summary: `tally ${name}` }, [
    { data: questions, ...answers, ...comparisonOf(spec.reward) },
  ]);
}

async function scoreSampled(
  journal: Journal,
  { questions, name, onShard }: Measurement,
  rewardModel: CheckpointRef,
  sampled: readonly ObjectRef[],
): Promise<ObjectRef[]> {
  return Promise.all(
    sampled.map(async (scored, index) => {
      const { rewardModelScores, work } = await engine.scoreByRewardModel.executeWithOptions(
        { summary: `reward model scores of ${name}, shard ${index + 1}/${sampled.length}` },
        [{ rewardModel, data: questions, scored }],
      );
      addWork(journal, 'evaluation', work);
      onShard();
      return rewardModelScores;
    }),
  );
}
