/**
 * The training questions that a method trains on, by how often the warm-up model is right (`difficulty` of the specification).
 *
 * The model answers every question several times, shard by shard as in any rollout, so what has been sampled is not sampled again whatever
 * dies. What was chosen is kept with the run's state and its start: neither a fresh history nor a branch measures again.
 */
import type { ChooseQuestionsResult } from '../../activities/chooseQuestions.js';
import type { DifficultySummary } from '../../activities/report/difficulty.js';
import type { DifficultySpec } from '../config/difficulty.js';
import type { MethodState, SharedStart } from '../methods/method.js';
import { beginPhase, finishUnit } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { general } from './activities.js';
import { sampleWarmUp } from './sampleWarmUp.js';
import { cutIntoShards, shardSize } from './selections.js';

/** Undefined where the run is stopped before all is measured: then nothing is trained. */
export async function chooseQuestions(
  run: MethodState,
  shared: SharedStart,
  difficulty: DifficultySpec,
  safePoint: () => Promise<void>,
): Promise<ChooseQuestionsResult | undefined> {
  const { spec, journal } = run;
  const { data } = shared;
  const { samplesPerQuestion: samples } = difficulty;
  const whole = { order: 'plain', from: 0, to: data.train.count } as const;
  const shards = cutIntoShards(whole, shardSize(spec.generation, samples)).length;
  const phase = beginPhase(journal, 'difficulty', 'shard', shards);
  showProgress(journal);
  const onShard = (): void => {
    finishUnit(phase);
    showProgress(journal);
  };
  const purpose = 'sample-difficulty';
  const request = { samples, purpose, label: 'for pass rates', onShard, work: 'difficulty', phase } as const;
  const scored = await sampleWarmUp(run, shared, request, safePoint);
  if (scored === undefined) return undefined;
  const summary = 'choose questions by their pass rates';
  const chosen = await general.chooseQuestions.executeWithOptions({ summary }, [
    { train: data.train, scored, difficulty },
  ]);
  delete run.samples;
  phase.metrics = { questions: chosen.measured, kept: chosen.train.count };
  showProgress(journal);
  return chosen;
}

/** For the report; nothing where no questions were chosen. */
export function difficultyOf({ spec: { difficulty }, chosen }: MethodState): {
  readonly difficulty?: DifficultySummary;
} {
  if (difficulty === null || chosen === undefined) return {};
  const { measured, histogram, passRates, train } = chosen;
  return { difficulty: { ...difficulty, measured, kept: train.count, histogram, passRates } };
}
