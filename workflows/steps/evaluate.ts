/** Measures models on a set of questions: greedy answers, K samples, their scores by the reward model, and the tally of all. */

import type { DataSetRef, PreparedData, QuestionSelection } from '../../activities/data/types.js';
import { at } from '../../activities/invariant.js';
import type { CheckpointRef, ObjectRef } from '../../activities/store/types.js';
import type { TallyEvaluationResult } from '../../activities/tallyEvaluation.js';
import { comparisonOf } from '../config/reward.js';
import type { AnsweringSpec } from '../config/spec.js';
import { addWork, type Journal } from '../monitoring/journal.js';
import { since } from '../patches.js';
import { engine, general } from './activities.js';
import { answerQuestions } from './rollout.js';
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

/** A model to be measured. `answers` is filled in; what is there from before continue-as-new is not done again. */
export interface MeasuredModel {
  readonly measurement: Measurement;
  readonly answers: TestAnswers;
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

/** A shard of a model's answers that is still to be had. */
interface Unit extends MeasuredModel {
  readonly samples: number;
  readonly temperature: 0 | 1;
  readonly shard: QuestionSelection;
  readonly label: string;
}

/**
 * Measures models side by side: while one shard's answers are scored, the engine is at the next, of whichever model. The samples are
 * drawn from the same random stream for every model. Nothing holds more than a shard's samples at once: each activity has one shard, and
 * the tally reads them one by one.
 * @param safePoint awaited before each part of the shards, when nothing is under way: it may continue as new
 * @param onMeasured called with each model's figures as soon as they are there
 */
export async function measureModels<Model extends MeasuredModel>(
  journal: Journal,
  models: readonly Model[],
  safePoint: () => Promise<void>,
  onMeasured: (model: Model, result: TallyEvaluationResult) => void,
): Promise<void> {
  let unmeasured = models;
  while (unmeasured.length > 0) {
    await safePoint();
    // All are of one run.
    const { shardsAtOnce } = at(unmeasured, 0).measurement.spec.fleet;
    const part = unmeasured.flatMap(unitsLeft).slice(0, shardsAtOnce);
    const done = await Promise.all(part.map((unit) => answerUnit(journal, unit)));
    // In the order of the shards, whichever was done first.
    for (const [index, { answers, temperature }] of part.entries()) {
      const { scored, rewardModelScores } = at(done, index);
      (temperature === 0 ? answers.greedy : answers.sampled).push(...scored);
      answers.rewardModelScores.push(...rewardModelScores);
    }
    const whole = unmeasured.filter((model) => unitsLeft(model).length === 0);
    const results = await Promise.all(whole.map(({ measurement, answers }) => tally(measurement, answers)));
    for (const [index, model] of whole.entries()) onMeasured(model, at(results, index));
    unmeasured = unmeasured.filter((model) => !whole.includes(model));
  }
}

function unitsLeft(model: MeasuredModel): readonly Unit[] {
  const { spec, questions, name } = model.measurement;
  const whole = { order: 'plain', from: 0, to: questions.count } as const;
  const units = (samples: number, temperature: 0 | 1, kind: string, had: readonly ObjectRef[]): readonly Unit[] => {
    const shards = cutIntoShards(whole, shardSize(spec.generation, samples));
    return shards.slice(had.length).map((shard, index) => {
      const place = shards.length > 1 ? `, shard ${had.length + index + 1}/${shards.length}` : '';
      return { ...model, samples, temperature, shard, label: `test, ${kind}, ${name}${place}` };
    });
  };
  const { samplesPerQuestion } = spec.evaluation;
  const { greedy, sampled } = model.answers;
  return [
    ...units(1, 0, 'greedy', greedy),
    ...(samplesPerQuestion > 0 ? units(samplesPerQuestion, 1, `${samplesPerQuestion} samples`, sampled) : []),
  ];
}

async function answerUnit(journal: Journal, { measurement, samples, temperature, shard, label }: Unit) {
  const { spec, data, checkpoint, questions, rewardModel, onShard } = measurement;
  const { scored, work } = await answerQuestions({
    journal,
    spec,
    data,
    checkpoint,
    questions,
    selection: shard,
    samples,
    temperature,
    purpose: 'sample-test',
    round: 0,
    label,
    onShard,
  });
  addWork(journal, 'evaluation', work);
  const judged = temperature === 1 && rewardModel ? scored : [];
  const scoredBy = rewardModel ? await scoreSampled(journal, measurement, rewardModel, judged) : [];
  return { scored, rewardModelScores: scoredBy };
}

/**
 * One model by itself.
 * @param answers filled in; what is there from before continue-as-new is not done again
 */
export async function measureModel(
  journal: Journal,
  measurement: Measurement & { readonly safePoint: () => Promise<void> },
  answers: TestAnswers,
): Promise<TallyEvaluationResult> {
  if (!since('measure-together')) return measureByKind(journal, measurement, answers);
  const results: TallyEvaluationResult[] = [];
  await measureModels(journal, [{ measurement, answers }], measurement.safePoint, (_, result) => results.push(result));
  return at(results, 0);
}

/** Before models were measured together: greedy answers, then samples. */
async function measureByKind(
  journal: Journal,
  measurement: Measurement & { readonly safePoint: () => Promise<void> },
  answers: TestAnswers,
): Promise<TallyEvaluationResult> {
  const { spec, questions, rewardModel, name, onShard, safePoint } = measurement;
  const { shardsAtOnce } = spec.fleet;
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
  return tally(measurement, answers);
}

function tally({ spec, data, questions, name }: Measurement, answers: TestAnswers): Promise<TallyEvaluationResult> {
  return general.tallyEvaluation.executeWithOptions({ summary: `tally ${name}` }, [
    { data: questions, ...answers, ...comparisonOf(spec.reward, data.answerKind) },
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
