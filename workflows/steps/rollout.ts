/** Lets a model answer questions and has the answers scored: the step that rollouts, validation and evaluation share. */

import { workflowInfo } from '@temporalio/workflow';
import { atMost } from '../../activities/atMost.js';
import type { DataSetRef, PreparedData, QuestionSelection } from '../../activities/data/types.js';
import type { RandomPurpose } from '../../activities/engine/sampling/random.js';
import type { Work } from '../../activities/report/types.js';
import { addParts } from '../../activities/rewards/parts.js';
import type { PartTotal } from '../../activities/rewards/samples.js';
import type { ScoreSamplesInput, ScoreSamplesResult } from '../../activities/scoreSamples.js';
import type { CheckpointRef, ObjectRef } from '../../activities/store/types.js';
import type { AnsweringSpec } from '../config/spec.js';
import { addWork, type Journal, noteShortage, sumWork } from '../monitoring/journal.js';
import { since } from '../patches.js';
import { engine, general } from './activities.js';
import { cutIntoShards, shardSize } from './selections.js';

export interface AnswerRequest {
  readonly journal: Journal;
  readonly spec: AnsweringSpec;
  readonly data: PreparedData;
  readonly checkpoint: CheckpointRef;
  readonly questions: DataSetRef;
  /** All questions in their own order when left out. */
  readonly selection?: QuestionSelection;
  /** Answers a question; with temperature 0 there is but one. */
  readonly samples: number;
  readonly temperature: 0 | 1;
  readonly purpose: RandomPurpose;
  readonly round: number;
  /** What the UI's timeline calls it: `12/80` gives `rollout 12/80, shard 2/2`. */
  readonly label: string;
  /** Called after each shard. */
  readonly onShard?: () => void;
  /** Asked before each shard but the first; from the first no on none begins. */
  readonly mayBegin?: () => boolean;
}

/** Scored answers of all shards, in the selection's order. Shares are of all answers. */
export interface Answers {
  readonly scored: readonly ObjectRef[];
  readonly count: number;
  readonly correct: number;
  readonly extracted: number;
  readonly truncated: number;
  readonly meanReward: number;
  /** Sum of the rewards of the correct answers. */
  readonly rewardOfCorrect: number;
  readonly meanLength: number;
  readonly longest: number;
  /** Answers with nothing extracted, counted by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Multiple choice: answers by the option letter they name. */
  readonly choices: Readonly<Record<string, number>>;
  /** The reward's parts by name, over the answers that have them. */
  readonly parts: Readonly<Record<string, PartTotal>>;
  readonly work: Work;
}

/**
 * Shards run side by side, on as many workers as there are and as `fleet.shardsAtOnce` allows; each is scored as soon as it is there.
 * The answers are those of the shards that began.
 */
export async function answerQuestions(request: AnswerRequest): Promise<Answers> {
  const { spec, questions } = request;
  const selection = request.selection ?? { order: 'plain', from: 0, to: questions.count };
  const shards = cutIntoShards(selection, shardSize(spec.generation, request.samples));
  const results = await atMost(spec.fleet.shardsAtOnce, shards, async (shard, index) => {
    if (index > 0 && request.mayBegin && !request.mayBegin()) return [];
    const place = shards.length > 1 ? `${request.label}, shard ${index + 1}/${shards.length}` : request.label;
    const result = await answerShard(request, shard, place);
    request.onShard?.();
    return [result];
  });
  return joinAnswers(
    results.flat().map(({ rollout, score: { scored, seconds: _, ...score } }) => {
      const { truncated, meanLength, longest, work } = rollout;
      return { ...score, scored: [scored], truncated, meanLength, longest, work };
    }),
  );
}

/**
 * As `answerQuestions`, of all questions, which may be so many that their shards are too many for one history: as many as it takes.
 * @param scored filled in, a reference a shard; what is there from before continue-as-new is not done again
 * @returns false where there are more: the history is to be renewed, and then the next part answered
 */
export async function answerPart(request: AnswerRequest, purpose: string, scored: ObjectRef[]): Promise<boolean> {
  const { journal, questions, samples, spec } = request;
  const size = shardSize(spec.generation, samples);
  const from = scored.length * size;
  if (from >= questions.count) return true;
  const selection = { order: 'plain', from, to: questions.count } as const;
  const label = from === 0 ? request.label : `${request.label}, from question ${from + 1}`;
  const answers = await answerQuestions({ ...request, selection, label, mayBegin: () => !isHistoryLong() });
  addWork(journal, purpose, answers.work);
  scored.push(...answers.scored);
  return scored.length * size >= questions.count;
}

/** Runs from before samples were drawn in parts go on to the end of theirs. */
function isHistoryLong(): boolean {
  return workflowInfo().continueAsNewSuggested && since('samples-in-parts');
}

/** Of several parts, at least one, as if they had been answered together. */
export function joinAnswers(all: readonly Answers[]): Answers {
  const total = (pick: (part: Answers) => number): number => all.reduce((sum, part) => sum + pick(part), 0);
  const count = total((part) => part.count);
  return {
    scored: all.flatMap(({ scored }) => scored),
    count,
    correct: total(({ correct }) => correct),
    extracted: total(({ extracted }) => extracted),
    truncated: total(({ truncated }) => truncated),
    meanReward: total((part) => part.meanReward * part.count) / count,
    rewardOfCorrect: total(({ rewardOfCorrect }) => rewardOfCorrect),
    meanLength: total((part) => part.meanLength * part.count) / count,
    longest: Math.max(...all.map(({ longest }) => longest)),
    failures: addCounts(all.map(({ failures }) => failures)),
    choices: addCounts(all.map(({ choices }) => choices)),
    parts: addParts(all.map(({ parts }) => parts)),
    work: sumWork(all.map(({ work }) => work)),
  };
}

function addCounts(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const counts = new Map<string, number>();
  const notSeen = 0;
  for (const part of parts)
    for (const [name, count] of Object.entries(part)) counts.set(name, (counts.get(name) ?? notSeen) + count);
  return Object.fromEntries(counts);
}

async function answerShard(request: AnswerRequest, selection: QuestionSelection, place: string) {
  const { journal, spec, data, checkpoint, questions, samples, temperature, purpose, round } = request;
  const { maxAnswerTokens } = spec.generation;
  const { endTokens, padToken } = data;
  const rollout = await engine.rollout.executeWithOptions({ summary: `rollout ${place}` }, [
    {
      checkpoint,
      data: questions,
      selection,
      samples,
      temperature,
      maxAnswerTokens,
      endTokens,
      padToken,
      seed: spec.seed,
      purpose,
      round,
      memory: journal.budget,
    },
  ]);
  noteShortage(journal, `rollout ${place}`, rollout.halvedMemory);
  const score = await scoreSamples(place, { data, questions, reward: spec.reward, samples: rollout.samples });
  return { rollout, score };
}

/** @param place what the UI's timeline calls it, behind `score` */
export function scoreSamples(
  place: string,
  {
    data: { tokenizer, endTokens, padToken, format, answerKind },
    questions,
    reward,
    samples,
  }: Pick<AnswerRequest, 'data' | 'questions'> & Pick<ScoreSamplesInput, 'reward' | 'samples'>,
): Promise<ScoreSamplesResult> {
  return general.scoreSamples.executeWithOptions({ summary: `score ${place}` }, [
    { samples, data: questions, reward, tokenizer, endTokens, padToken, format, answerKind },
  ]);
}
