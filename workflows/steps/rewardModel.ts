/**
 * The reward model of reranking: the warm-up's trunk with a two-class head, trained to tell right answers from wrong ones.
 *
 * It learns from samples of the training questions, drawn from the warm-up model and again from the final one: a reward model that
 * never saw a policy's mistakes falls for them.
 */

import type { PreparedData } from '../../activities/data/types.js';
import { at } from '../../activities/invariant.js';
import type { CheckpointRef, ObjectRef } from '../../activities/store/types.js';
import type { RewardModelSpec } from '../config/rewardModel.js';
import type { AnsweringSpec } from '../config/spec.js';
import { addWork, beginPhase, finishUnit, type Journal, noteShortage } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { since } from '../patches.js';
import { engine } from './activities.js';
import { answerPart } from './rollout.js';
import { cutIntoShards, shardSize } from './selections.js';

/** How far the training of a reward model is. */
export interface RewardModelState {
  readonly done: number;
  readonly checkpoint: CheckpointRef;
  readonly scored: readonly ObjectRef[];
}

interface RewardModelRun {
  readonly spec: AnsweringSpec;
  readonly journal: Journal;
  /** Its scored samples so far, a list for each model that they are drawn from. */
  rewardModelSamples?: ObjectRef[][];
  /** Absent until its samples are there. */
  rewardModel?: RewardModelState;
}

export async function trainRewardModel(
  run: RewardModelRun,
  data: PreparedData,
  rewardModel: RewardModelSpec,
  /** Warm-up first; the samples of each have a random stream of their own. */
  sampledFrom: readonly CheckpointRef[],
  trunk: CheckpointRef,
  safePoint: () => Promise<void>,
): Promise<CheckpointRef> {
  const { spec, journal } = run;
  const whole = { order: 'plain', from: 0, to: data.train.count } as const;
  const shards = cutIntoShards(whole, shardSize(spec.generation, rewardModel.samplesPerQuestion)).length;
  const phase = beginPhase(journal, 'reward-model', 'step', sampledFrom.length * shards + rewardModel.epochs);
  showProgress(journal);

  if (run.rewardModel === undefined) {
    await safePoint();
    const samples = run.rewardModelSamples ?? sampledFrom.map(() => []);
    run.rewardModelSamples = samples;
    const draw = (checkpoint: CheckpointRef, round: number, atOnce: number): Promise<boolean> =>
      answerPart(
        {
          journal,
          spec: { ...spec, fleet: { ...spec.fleet, shardsAtOnce: atOnce } },
          data,
          checkpoint,
          questions: data.train,
          samples: rewardModel.samplesPerQuestion,
          temperature: 1,
          purpose: 'sample-reward-model',
          round,
          label: `for the reward model, model ${round + 1}/${sampledFrom.length}`,
          onShard: () => finishUnit(phase),
        },
        'reward model',
        at(samples, round),
      );
    const { shardsAtOnce } = spec.fleet;
    for (let isDone = false; !isDone; ) {
      // While the answers of one shard are scored, the engine is at the next, of whichever model.
      const share = Math.ceil(shardsAtOnce / sampledFrom.length);
      const drawn = since('draw-together')
        ? await Promise.all(sampledFrom.map((checkpoint, round) => draw(checkpoint, round, share)))
        : undefined;
      isDone = true;
      for (const [round, checkpoint] of sampledFrom.entries()) {
        if (!(drawn ? at(drawn, round) : await draw(checkpoint, round, shardsAtOnce))) isDone = false;
        showProgress(journal);
      }
      if (!isDone) await safePoint();
    }
    run.rewardModel = { done: 0, checkpoint: trunk, scored: samples.flat() };
    delete run.rewardModelSamples;
  }

  let { done, checkpoint } = run.rewardModel;
  const { scored } = run.rewardModel;
  while (done < rewardModel.epochs) {
    await safePoint();
    const trained = await engine.trainRewardModel.executeWithOptions(
      { summary: `reward model epoch ${done + 1}/${rewardModel.epochs}` },
      [{ checkpoint, train: data.train, scored, rewardModel, seed: spec.seed, epoch: done, memory: journal.budget }],
    );
    done += 1;
    checkpoint = trained.checkpoint;
    run.rewardModel = { done, checkpoint, scored };
    addWork(journal, 'reward model', trained.work);
    noteShortage(journal, `reward model epoch ${done}`, trained.halvedMemory);
    const metrics = { loss: trained.loss, accuracy: 100 * trained.accuracy, ...trained.scaling };
    journal.points.push({ phase: 'reward-model', step: done, metrics });
    finishUnit(phase, metrics);
    showProgress(journal);
  }
  return checkpoint;
}
