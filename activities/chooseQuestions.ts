/**
 * The activity `chooseQuestions`: each training question's pass rate, from scored samples of it, and the questions that are trained on by
 * it: those within the specification's `difficulty`, easiest first where a curriculum is asked for.
 *
 * Shards are read, counted and forgotten one after the other: memory holds one shard's samples and two numbers a question.
 */
import { join } from 'node:path';
import { type DifficultySpec, isWithin } from '../workflows/config/difficulty.js';
import { writeLines } from './data/spool.js';
import type { DataSetRef } from './data/types.js';
import { InvalidData, InvalidSpec } from './errors.js';
import { exampleAt, examplesAt, readExamples } from './examples.js';
import { formats, versionField } from './formats.js';
import { heartbeatWhile, type ReportProgress } from './heartbeatWhile.js';
import { at } from './invariant.js';
import type { ObjectRef, Store } from './store/types.js';
import { type EngineDependencies, readScored, withOutputDirectory } from './trainingSteps.js';

export interface ChooseQuestionsInput {
  readonly train: DataSetRef;
  /** Scored objects: `difficulty.samplesPerQuestion` samples of each question. */
  readonly scored: readonly ObjectRef[];
  readonly difficulty: DifficultySpec;
}

export interface ChooseQuestionsResult {
  /** Lines of `PassRate`, one for each of `measured` questions, in their order. */
  readonly passRates: ObjectRef;
  readonly measured: number;
  /** Questions by how many of their samples are right: none, one, … all. */
  readonly histogram: readonly number[];
  /** The questions to train on: in their order, or easiest first. */
  readonly train: DataSetRef;
  /** Of questions that lie easiest first: how many have the same pass rate, from the highest rate on. */
  readonly levels?: readonly number[];
}

/** How often a model is right on a question: `right` of `samples`. */
export interface PassRate {
  readonly id: string;
  readonly right: number;
  readonly samples: number;
}

/** @throws InvalidSpec when no question is within the range, with how many there are of each pass rate */
export function createChooseQuestions({ store, workDirectory }: Pick<EngineDependencies, 'store' | 'workDirectory'>) {
  return ({ train, scored, difficulty }: ChooseQuestionsInput): Promise<ChooseQuestionsResult> =>
    heartbeatWhile('shards', async (report, signal) => {
      const { samplesPerQuestion: samples, order } = difficulty;
      const right = await countRight(store, { train, scored, difficulty }, report, signal);
      const histogram = new Array<number>(samples + 1).fill(0);
      for (const count of right) histogram[count] = at(histogram, count) + 1;
      const kept = [...right.keys()].filter((place) => isWithin(at(right, place), difficulty));
      if (kept.length === 0) throw noneLeft(histogram, difficulty);
      // Sorting is stable: questions of one pass rate keep their order.
      if (order === 'easy-first') kept.sort((a, b) => at(right, b) - at(right, a));
      const examples = await readExamples(store, train);
      return withOutputDirectory(workDirectory, async (directory) => {
        const paths = { passRates: join(directory, 'passRates.jsonl'), train: join(directory, 'train.jsonl') };
        const rates = writeLines(paths.passRates);
        let place = 0;
        for await (const { id } of examplesAt(examples)) {
          rates.write({ id, right: at(right, place), samples } satisfies PassRate);
          place += 1;
        }
        rates.close();
        const chosen = writeLines(paths.train);
        for (const place of kept) chosen.write(exampleAt(examples, place));
        chosen.close();
        signal.throwIfAborted();
        const levels = [...histogram.keys()]
          .reverse()
          .filter((count) => isWithin(count, difficulty) && at(histogram, count) > 0)
          .map((count) => at(histogram, count));
        return {
          passRates: await store.putFile(paths.passRates),
          measured: train.count,
          histogram,
          train: { ...(await store.putFile(paths.train)), count: kept.length, ...versionField(formats.dataSet) },
          ...(order === 'easy-first' ? { levels } : {}),
        };
      });
    });
}

/** Right samples of each question. @throws InvalidData where one has more or fewer samples than it was to have */
async function countRight(
  store: Store,
  { train, scored, difficulty }: ChooseQuestionsInput,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const right = new Array<number>(train.count).fill(0);
  const seen = new Array<number>(train.count).fill(0);
  for (const [index, shard] of scored.entries()) {
    signal.throwIfAborted();
    for (const { example, correct } of await readScored(store, [shard])) {
      if (example < 0 || example >= train.count)
        throw new InvalidData(`a sample is of question ${example}, but there are ${train.count}`);
      seen[example] = at(seen, example) + 1;
      if (correct) right[example] = at(right, example) + 1;
    }
    report(index + 1, scored.length);
  }
  const wanted = difficulty.samplesPerQuestion;
  const odd = seen.findIndex((count) => count !== wanted);
  if (odd >= 0) throw new InvalidData(`question ${odd} has ${at(seen, odd)} samples, and was to have ${wanted}`);
  return right;
}

function noneLeft(histogram: readonly number[], { samplesPerQuestion, min, max }: DifficultySpec): InvalidSpec {
  const there = histogram.flatMap((count, right) =>
    count > 0 ? [`${right / samplesPerQuestion} (${count} question${count === 1 ? '' : 's'})`] : [],
  );
  return new InvalidSpec(
    `difficulty: got min ${min} and max ${max}, allowed: a range with a training question in it; their pass rates are ${there.join(', ')}. The warm-up is kept: startFrom with round 0 goes on from it`,
  );
}
