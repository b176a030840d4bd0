/** A run's final measurements: each of its models on the test questions. */

import type { PreparedData } from '../../activities/data/types.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import type { TallyEvaluationResult } from '../../activities/tallyEvaluation.js';
import { beginPhase, finishUnit } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { since } from '../patches.js';
import type { ModelName, RunState } from '../runState.js';
import { countShards, measureModel, measureModels, noAnswers } from './evaluate.js';

export interface Contestant {
  readonly name: ModelName;
  readonly checkpoint: CheckpointRef;
}

/** Fills `run.testAnswers` and `run.metrics` for each model. */
export async function evaluate(
  run: RunState,
  data: PreparedData,
  contestants: readonly Contestant[],
  rewardModel: CheckpointRef | undefined,
  safePoint: () => Promise<void>,
): Promise<void> {
  const { journal, spec } = run;
  const shards = contestants.length * countShards(spec, data.test, rewardModel);
  const phase = beginPhase(journal, 'evaluation', 'shard', shards);
  showProgress(journal);

  const onShard = (): void => finishUnit(phase);
  const models = contestants
    .filter(({ name }) => run.metrics[name] === undefined)
    .map(({ name, checkpoint }) => {
      const answers = run.testAnswers[name] ?? noAnswers();
      run.testAnswers[name] = answers;
      return {
        name,
        answers,
        measurement: { spec, data, questions: data.test, checkpoint, rewardModel, name, onShard },
      };
    });
  const note = (name: ModelName, { metrics }: TallyEvaluationResult): void => {
    run.metrics = { ...run.metrics, [name]: metrics };
    journal.accuracy = metrics.top1.percent;
    phase.metrics = { ...phase.metrics, [name]: metrics.top1.percent };
    showProgress(journal);
  };
  if (since('measure-together'))
    return measureModels(journal, models, safePoint, ({ name }, result) => note(name, result));
  for (const { name, answers, measurement } of models)
    note(name, await measureModel(journal, { ...measurement, safePoint }, answers));
}
