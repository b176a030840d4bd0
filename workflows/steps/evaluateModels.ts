/** A run's final measurements: each of its models on the test questions. */

import type { PreparedData } from '../../activities/data/types.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import { beginPhase, finishUnit } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import type { ModelName, RunState } from '../runState.js';
import { countShards, measureModel, noAnswers } from './evaluate.js';

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

  for (const { name, checkpoint } of contestants) {
    if (run.metrics[name] !== undefined) continue;
    const answers = run.testAnswers[name] ?? noAnswers();
    run.testAnswers[name] = answers;
    const onShard = (): void => finishUnit(phase);
    const { metrics } = await measureModel(
      journal,
      { spec, data, questions: data.test, checkpoint, rewardModel, name, onShard, safePoint },
      answers,
    );
    run.metrics = { ...run.metrics, [name]: metrics };
    journal.accuracy = metrics.top1.percent;
    phase.metrics = { ...phase.metrics, [name]: metrics.top1.percent };
    showProgress(journal);
  }
}
