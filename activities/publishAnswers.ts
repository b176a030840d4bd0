/**
 * What runs and evaluations publish as `samples.jsonl`: scored answers joined with their questions, a line each. First the greedy answers
 * of the model that the report shows, then what else the figures were made of: other models' greedy answers and all samples.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DataSetRef, Example } from './data/types.js';
import { CorruptObject } from './errors.js';
import { readExamples } from './examples.js';
import { type AnsweredQuestion, answeredQuestion } from './report/answers.js';
import type { RewardModelScore } from './rewards/samples.js';
import type { ObjectRef, Store } from './store/types.js';
import { readRewardModelScores } from './tallyEvaluation.js';
import { type EngineDependencies, readScored, withOutputDirectory } from './trainingSteps.js';

/** A model's scored answers, a reference a shard. */
export interface ModelAnswers {
  readonly model: string;
  readonly greedy: readonly ObjectRef[];
  readonly sampled: readonly ObjectRef[];
  /** The reward model's scores of `sampled`, in its order; empty where there is none. */
  readonly rewardModelScores: readonly ObjectRef[];
}

export interface Answers {
  readonly questions: DataSetRef;
  /** Greedy answers of the model that the report shows. */
  readonly shown: readonly ObjectRef[];
  /** Of every model that was measured; left out, the lines name no model and hold no samples. */
  readonly all?: readonly ModelAnswers[];
}

/** A line of the file. */
interface Line extends AnsweredQuestion {
  readonly model?: string;
  /** Which of the question's samples; absent in greedy answers. */
  readonly sample?: number;
  readonly rewardModelScore?: number;
}

/**
 * Holds one shard at a time, beside the answers that it gives back.
 * @returns the answers of `shown`
 * @throws CorruptObject when an answer is to a question that the data set does not have.
 */
export async function publishAnswers(
  { store, workDirectory }: Pick<EngineDependencies, 'store' | 'workDirectory'>,
  key: string,
  { questions, shown, all = [] }: Answers,
): Promise<readonly AnsweredQuestion[]> {
  const examples = await readExamples(store, questions);
  const answers: AnsweredQuestion[] = [];
  const isShown = (refs: readonly ObjectRef[]): boolean => refs.every(({ key }, index) => key === shown[index]?.key);
  const ofShown = all.find(({ greedy }) => greedy.length > 0 && isShown(greedy));
  async function* lines(): AsyncGenerator<string> {
    for await (const line of linesOf(store, examples, shown, named(ofShown))) {
      answers.push(line);
      yield asText(line);
    }
    for (const one of all) {
      if (one !== ofShown)
        for await (const line of linesOf(store, examples, one.greedy, named(one))) yield asText(line);
      const { sampled, rewardModelScores } = one;
      for await (const line of linesOf(store, examples, sampled, { ...named(one), rewardModelScores }))
        yield asText(line);
    }
  }
  await withOutputDirectory(workDirectory, async (directory) => {
    const file = join(directory, 'samples.jsonl');
    await pipeline(Readable.from(lines()), createWriteStream(file));
    await store.publish(key, { file });
  });
  return answers;
}

const asText = (line: Line): string => `${JSON.stringify(line)}\n`;

const named = (one: ModelAnswers | undefined): { readonly model?: string } =>
  one === undefined ? {} : { model: one.model };

interface Naming {
  readonly model?: string;
  /** There for samples. */
  readonly rewardModelScores?: readonly ObjectRef[];
}

async function* linesOf(
  store: Store,
  examples: { readonly length: number; at(index: number): Example | undefined },
  scored: readonly ObjectRef[],
  { model, rewardModelScores }: Naming,
): AsyncGenerator<Line> {
  for (const [shard, ref] of scored.entries()) {
    const scores = rewardModelScores?.[shard];
    const probabilities: readonly RewardModelScore[] = scores ? await readRewardModelScores(store, scores) : [];
    for (const [index, sample] of (await readScored(store, [ref])).entries()) {
      const example = examples.at(sample.example);
      if (example === undefined)
        throw new CorruptObject(ref.key, `questions 0 to ${examples.length - 1}`, `question ${sample.example}`);
      const probability = probabilities[index]?.probability;
      yield {
        ...answeredQuestion(example, sample),
        ...(model === undefined ? {} : { model }),
        ...(rewardModelScores === undefined ? {} : { sample: sample.sample }),
        ...(probability === undefined ? {} : { rewardModelScore: probability }),
      };
    }
  }
}
