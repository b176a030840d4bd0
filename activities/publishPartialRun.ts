/**
 * The activity `publishPartialRun`: what a cancelled run leaves under `runs/<run id>/partial/`: its best checkpoint as a model, and a
 * report that is marked as partial. Results of the whole run, from before or after, lie beside and are not touched.
 */
import type { PreparedData } from './data/types.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { publishModel } from './publishModel.js';
import { readCurve } from './recordCurve.js';
import { summariseData } from './report/data.js';
import type { DifficultySummary } from './report/difficulty.js';
import { renderPartialReport } from './report/partialPage.js';
import type { CurvePoint, TrainingWarning, Work } from './report/types.js';
import { partialPrefix } from './store/runKeys.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import type { EngineDependencies } from './trainingSteps.js';

export interface PublishPartialRunInput {
  readonly runId: string;
  readonly title: string;
  readonly spec: unknown;
  /** The best checkpoint so far. */
  readonly model: CheckpointRef;
  /** Its, in percent; absent where it has not been validated. */
  readonly validationAccuracy?: number;
  /** How far the run was, in words. */
  readonly reached: string;
  readonly data: PreparedData;
  /** Where `difficulty` had questions chosen. */
  readonly difficulty?: DifficultySummary;
  readonly curve: ObjectRef | null;
  /** Points not yet flushed to `curve`. */
  readonly points: readonly CurvePoint[];
  readonly work: Readonly<Record<string, Work>>;
  readonly notes: readonly string[];
  /** The pretrained model it started from, as `PretrainedModel` names it. */
  readonly startedFrom?: string;
  readonly warnings: readonly TrainingWarning[];
}

/** Gives the prefix of what was published, without a slash at its end. */
export function createPublishPartialRun(dependencies: Pick<EngineDependencies, 'store' | 'workDirectory'>) {
  return (input: PublishPartialRunInput): Promise<{ readonly prefix: string }> =>
    heartbeatWhile('files', async () => {
      const { store } = dependencies;
      const prefix = partialPrefix(input.runId);
      await publishModel(dependencies, prefix, input);
      const curve = [...(await readCurve(store, input.curve)), ...input.points];
      const report = { ...input, curve, data: summariseData(input.data), checkpoint: input.model.sha256 };
      await store.publish(`${prefix}/report.html`, Buffer.from(renderPartialReport(report)));
      return { prefix };
    });
}
