/**
 * Which questions belong to which round and which activity.
 *
 * This division alone fixes the composition of every batch, so that results do not depend on who does the work or how often
 * it was interrupted.
 */
import type { QuestionSelection } from '../../activities/data/types.js';
import type { PolicyRoundsSpec } from '../config/algorithms.js';
import type { GenerationSpec } from '../config/generation.js';

/** What a specification says of a method's rounds. */
export type RoundsSpec = Pick<PolicyRoundsSpec, 'epochs' | 'questionsPerRound' | 'samplesPerQuestion'>;

/** Rounds in one pass over the training questions: as few as `questionsPerRound` allows. */
function roundsPerEpoch({ questionsPerRound }: RoundsSpec, questions: number): number {
  return Math.ceil(questions / questionsPerRound);
}

/** Rounds in a run over `questions` training questions. */
export function countRounds(spec: RoundsSpec, questions: number): number {
  return spec.epochs * roundsPerEpoch(spec, questions);
}

/**
 * The questions of a 0-based round, in an order shuffled anew each epoch. An epoch's rounds are of equal size (± 1) and take
 * every question once, so no round is a small remainder whose whitened advantages would be noise.
 * @param levels of questions that lie in levels, how many each has: an epoch goes from one to the next
 */
export function selectRound(
  spec: RoundsSpec,
  questions: number,
  round: number,
  levels?: readonly number[],
): QuestionSelection {
  const rounds = roundsPerEpoch(spec, questions);
  const within = round % rounds;
  return {
    ...(levels === undefined ? { order: 'shuffled' } : { order: 'by-level', levels }),
    epoch: Math.floor(round / rounds),
    from: Math.floor((within * questions) / rounds),
    to: Math.floor(((within + 1) * questions) / rounds),
  };
}

/** Most answers that one activity holds in memory. */
const mostAnswers = 1_000;

/** Questions in one activity that answers each `samples` times: `questionsPerShard`, fewer where there are many samples. */
export function shardSize({ questionsPerShard }: GenerationSpec, samples: number): number {
  return Math.max(1, Math.min(questionsPerShard, Math.floor(mostAnswers / samples)));
}

/** Cuts a selection into pieces of at most `size` questions, each the work of one activity. */
export function cutIntoShards(selection: QuestionSelection, size: number): QuestionSelection[] {
  const shards: QuestionSelection[] = [];
  for (let from = selection.from; from < selection.to; from += size)
    shards.push({ ...selection, from, to: Math.min(from + size, selection.to) });
  return shards;
}
