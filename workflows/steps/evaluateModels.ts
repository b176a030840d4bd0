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

/** Fills `run.testAnswers` and `run.figures` for each model. */
export async function evaluate(
  run: RunState,
  data: PreparedData,
  contestants: readonly Contestant[],
  rewardModel: CheckpointRef | undefined,
  betweenUnits: () => Promise<void>,
): Promise<void> {
  const { journal, spec } = run;
  const shards = contestants.length * countShards(spec, data.test, rewardModel);
  const phase = beginPhase(journal, 'evaluation', 'shard', shards);
  showProgress(journal);

  for (const { name, checkpoint } of contestants) {
    if (run.figures[name] !== undefined) continue;
    const answers = run.testAnswers[name] ?? noAnswers();
    run.testAnswers[name] = answers;
    const onShard = (): void => finishUnit(phase);
    const { figures } = await measureModel(
      journal,
      { spec, data, questions: data.test, checkpoint, rewardModel, name, onShard, betweenUnits },
      answers,
    );
    run.figures = { ...run.figures, [name]: figures };
    journal.accuracy = figures.top1.percent;
    phase.metrics = { ...phase.metrics, [name]: figures.top1.percent };
    showProgress(journal);
  }
}
