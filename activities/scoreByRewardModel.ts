/** The activity `judgeSamples`: the reward model's probability of being right for each sampled answer. */

import type { DataSetRef } from './data/types.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import type { Judgement } from './rewards/samples.js';
import { readCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import { type EngineDependencies, readExamples, readScored, workOf } from './trainingSteps.js';
import type { Work } from './work.js';

export interface JudgeSamplesInput {
  readonly rewardModel: CheckpointRef;
  readonly data: DataSetRef;
  readonly scored: ObjectRef;
}

export interface JudgeSamplesResult {
  /** Lines of `Judgement`, in the scored object's order. */
  readonly judged: ObjectRef;
  readonly work: Work;
}

export function createJudgeSamples({ store, engine }: Pick<EngineDependencies, 'store' | 'engine'>) {
  return (input: JudgeSamplesInput): Promise<JudgeSamplesResult> =>
    heartbeatWhile('answers', async (onProgress, signal) => {
      const { files } = await readCheckpoint(store, input.rewardModel, { moments: false });
      const examples = await readExamples(store, input.data);
      const samples = await readScored(store, [input.scored]);
      const sequences = samples.map(({ example, tokens }) => ({
        prompt: examples[example]?.promptTokens ?? [],
        answer: tokens,
      }));
      const { probabilities, work } = await engine.run('judge', { model: files, sequences }, { onProgress, signal });
      const judgements = samples.map(
        ({ example, sample }, index): Judgement => ({ example, sample, probability: probabilities[index] ?? 0 }),
      );
      return { judged: await store.putLines(judgements), work: workOf(work) };
    });
}
