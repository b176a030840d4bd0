/** What every run does first: checks its reward and imports the model it starts from, where that is needed, and prepares its data. */
import { log } from '@temporalio/workflow';
import type { PreparedData } from '../../activities/data/types.js';
import type { PretrainedModel } from '../../activities/pretrained/source.js';
import { sourceName } from '../config/describe.js';
import { comparisonOf, rewardsToCheck } from '../config/reward.js';
import type { Spec } from '../config/spec.js';
import { beginPhase, finishUnit, type Journal } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { engine, general } from './activities.js';

interface Preparing {
  readonly spec: Pick<Spec, 'data' | 'seed' | 'model' | 'lora' | 'reward'>;
  readonly journal: Journal;
  pretrained?: PretrainedModel;
  notes: string[];
}

/** Sets `run.pretrained` where the specification names a model to start from. */
export async function prepareData(run: Preparing): Promise<PreparedData> {
  const phase = beginPhase(run.journal, 'prepare', 'step', 1);
  showProgress(run.journal);
  const { data, seed, model, lora, reward } = run.spec;
  for (const checked of rewardsToCheck(reward))
    await general.checkReward.executeWithOptions({ summary: `check reward ${checked.name}` }, [{ reward: checked }]);
  if ('from' in model) {
    run.pretrained = await engine.importModel.executeWithOptions({ summary: `import ${model.from}` }, [
      { ...model, lora, seed },
    ]);
    const { name, unreadFields = [] } = run.pretrained;
    run.notes.push(`Started from ${name}.`);
    if (unreadFields.length > 0) {
      const listed = `Fields of its config.json that change nothing about what is computed: ${unreadFields.join(', ')}.`;
      log.info(listed);
      run.notes.push(listed);
    }
  }
  const tokenizer = run.pretrained ? { tokenizer: run.pretrained.tokenizer } : {};
  const prepared = await general.prepareData.executeWithOptions({ summary: `prepare ${sourceName(data)} data` }, [
    { data, seed, ...comparisonOf(reward), ...tokenizer },
  ]);
  run.notes.push(...(prepared.warnings ?? []));
  finishUnit(phase, { questions: prepared.train.count, vocabulary: prepared.vocabularySize });
  return prepared;
}
