/** The activity `trainRewardModel`: one epoch of the two-class model that says whether an answer is right. */

import type { RewardModelSpec } from '../workflows/config/rewardModel.js';
import type { DataSetRef } from './data/types.js';
import { learningRates } from './engine/optim/schedule.js';
import { permutation } from './engine/sampling/random.js';
import type { ScalingMetrics } from './engine/training/trainer.js';
import { promptOf, readExamples } from './examples.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { at } from './invariant.js';
import type { Work } from './report/types.js';
import type { ScoredSample } from './rewards/samples.js';
import { readCheckpoint } from './store/checkpoint.js';
import type { CheckpointRef, ObjectRef, Store } from './store/types.js';
import {
  type Budgeted,
  chunks,
  type EngineDependencies,
  type Halved,
  readScored,
  shortageOf,
  withOutputDirectory,
  workOf,
  writeTrained,
} from './trainingSteps.js';

/** One epoch of the two-class reward model: the trunk of `checkpoint` with a head on the last token. */
export interface TrainRewardModelInput extends Budgeted {
  readonly checkpoint: CheckpointRef;
  readonly train: DataSetRef;
  readonly scored: readonly ObjectRef[];
  readonly rewardModel: RewardModelSpec;
  readonly seed: number;
  readonly epoch: number;
}

export interface TrainRewardModelResult extends Halved {
  readonly checkpoint: CheckpointRef;
  readonly loss: number;
  /** Share of its training samples that it puts on the right side of ½. */
  readonly accuracy: number;
  readonly scaling: ScalingMetrics;
  readonly steps: number;
  readonly work: Work;
}

/** The first epoch starts from a policy's checkpoint with a new head and a fresh optimiser, later ones from the last epoch's. */
export function createTrainRewardModel({ store, engine, workDirectory }: EngineDependencies) {
  return (input: TrainRewardModelInput): Promise<TrainRewardModelResult> =>
    heartbeatWhile('batches', async (onProgress, signal) => {
      const { seed, epoch, rewardModel } = input;
      const { files, manifest } = await readCheckpoint(store, input.checkpoint, { moments: epoch > 0 });
      const examples = await readExamples(store, input.train);
      const answers = await readUniqueAnswers(store, input.scored, signal);
      const order = [...permutation(answers.length, { seed, purpose: 'order-reward-model', round: epoch })];
      const sequences = order.map((index) => {
        const { example, tokens, correct } = at(answers, index);
        return { prompt: promptOf(examples, example), answer: tokens, correct };
      });
      const batches = chunks(sequences, rewardModel.batchSize);
      const steps = batches.length;
      const rates = learningRates(rewardModel.optimiser, epoch * steps, steps, rewardModel.epochs * steps);
      return withOutputDirectory(workDirectory, async (outputDirectory) => {
        const result = await engine.run(
          'trainRewardModel',
          {
            model: files,
            batches,
            optimiser: { ...rewardModel.optimiser, learningRates: rates },
            seed,
            outputDirectory,
            memory: input.memory,
          },
          { onProgress, signal },
        );
        return {
          checkpoint: await writeTrained(store, result.files, manifest, { seed, purpose: 'order-reward-model', epoch }),
          loss: result.loss,
          accuracy: result.accuracy,
          scaling: result.scaling,
          steps,
          work: workOf(result.work),
          ...shortageOf(result),
        };
      });
    });
}

/** What training needs of a sample. */
type LabelledAnswer = Pick<ScoredSample, 'example' | 'tokens' | 'correct'>;

/**
 * A question's identical answers count once: a confident policy repeats itself. Shard by shard, since texts and log-probabilities of
 * all samples at once may be more than memory holds.
 */
async function readUniqueAnswers(
  store: Store,
  shards: readonly ObjectRef[],
  signal: AbortSignal,
): Promise<readonly LabelledAnswer[]> {
  const seen = new Set<string>();
  const answers: LabelledAnswer[] = [];
  for (const shard of shards) {
    signal.throwIfAborted();
    for (const { example, tokens, correct } of await readScored(store, [shard])) {
      const key = `${example}:${tokens.join()}`;
      if (seen.has(key)) continue;
      seen.add(key);
      answers.push({ example, tokens, correct });
    }
  }
  return answers;
}
