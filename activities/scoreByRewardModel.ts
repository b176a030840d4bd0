/** The activity `scoreByRewardModel`: the reward model's probability of being right for each sampled answer. */

import type { DataSetRef } from './data/types.js';
import { endTurn } from './engineTurn.js';
import { promptOf, readExamples } from './examples.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { at } from './invariant.js';
import type { Work } from './report/types.js';
import type { RewardModelScore } from './rewards/samples.js';
import { readCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import { type EngineDependencies, readScored, workOf } from './trainingSteps.js';

export interface ScoreByRewardModelInput {
  readonly rewardModel: CheckpointRef;
  readonly data: DataSetRef;
  readonly scored: ObjectRef;
}

export interface ScoreByRewardModelResult {
  /** Lines of `RewardModelScore`, in the scored object's order. */
  readonly rewardModelScores: ObjectRef;
  readonly work: Work;
}

export function createScoreByRewardModel({ store, engine }: Pick<EngineDependencies, 'store' | 'engine'>) {
  return (input: ScoreByRewardModelInput): Promise<ScoreByRewardModelResult> =>
    heartbeatWhile('answers', async (onProgress, signal) => {
      const { files } = await readCheckpoint(store, input.rewardModel, { moments: false });
      const examples = await readExamples(store, input.data);
      const samples = await readScored(store, [input.scored]);
      const sequences = samples.map(({ example, tokens }) => ({
        prompt: promptOf(examples, example),
        answer: tokens,
      }));
      const { probabilities, work } = await engine.run(
        'rewardModelScore',
        { model: files, sequences },
        { onProgress, signal },
      );
      endTurn();
      const rewardModelScores = samples.map(
        ({ example, sample }, index): RewardModelScore => ({ example, sample, probability: at(probabilities, index) }),
      );
      return { rewardModelScores: await store.putLines(rewardModelScores), work: workOf(work) };
    });
}
