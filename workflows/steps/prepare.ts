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
  readonly spec: Pick<Spec, 'data' | 'seed' | 'reward'> &
    Partial<Pick<Spec, 'lora' | 'compute'>> & {
      /** Left out where no model is needed. */
      readonly model?: Spec['model'] | undefined;
    };
  readonly journal: Journal;
  pretrained?: PretrainedModel;
  notes: string[];
}

/** A checkpoint of a run is computed as in that run. */
export const inFloat32 = { precision: 'float32', recompute: false, attentionInBlocks: false } as const;

export interface PrepareOptions {
  /** Of what is generated, split and drawn; the run's unless several runs share their data. */
  readonly dataSeed?: number | undefined;
  /** Chains of thought are still to be made. */
  readonly questionsOnly?: boolean;
}

/** Sets `run.pretrained` where the specification names a model to start from. */
export async function prepareData(
  run: Preparing,
  { dataSeed = run.spec.seed, questionsOnly = false }: PrepareOptions = {},
): Promise<PreparedData> {
  const phase = beginPhase(run.journal, 'prepare', 'step', 1);
  showProgress(run.journal);
  const { data, seed, model, lora = null, compute = inFloat32, reward } = run.spec;
  await checkRewards(reward);
  if (model !== undefined && 'from' in model) {
    run.pretrained = await engine.importModel.executeWithOptions({ summary: `import ${model.from}` }, [
      { ...model, lora, compute, seed },
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
    { data, seed: dataSeed, ...comparisonOf(reward), ...(questionsOnly ? { questionsOnly } : {}), ...tokenizer },
  ]);
  run.notes.push(...(prepared.warnings ?? []));
  finishUnit(phase, { questions: prepared.train.count, vocabulary: prepared.vocabularySize });
  return prepared;
}

/** Asks each part of a reward whether it can do its work, before any. */
export async function checkRewards(reward: Spec['reward']): Promise<void> {
  for (const checked of rewardsToCheck(reward))
    await general.checkReward.executeWithOptions({ summary: `check reward ${checked.name}` }, [{ reward: checked }]);
}
