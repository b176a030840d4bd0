/**
 * The activity `publishRun`: what a finished run leaves under `runs/<run id>/`: the model as a Hugging Face folder, the
 * answers, the report, and last of all `result.json`, whose being there says that the rest is complete.
 */

import type { Ancestor } from './branchPoints.js';
import type { PreparedData } from './data/types.js';
import type { RunMetrics } from './evaluation/types.js';
import { formats, versionOf } from './formats.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { type ModelAnswers, publishAnswers } from './publishAnswers.js';
import { publishModel } from './publishModel.js';
import { readCurve } from './recordCurve.js';
import { summariseData } from './report/data.js';
import type { DifficultySummary } from './report/difficulty.js';
import { renderReport } from './report/page.js';
import type { PublishedResult } from './report/publishedResult.js';
import type { CurvePoint, TrainingWarning, Work } from './report/types.js';
import { runPrefix } from './store/runKeys.js';
import type { CheckpointRef, ObjectRef } from './store/types.js';
import type { EngineDependencies } from './trainingSteps.js';

export interface PublishRunInput {
  readonly runId: string;
  readonly title: string;
  readonly spec: unknown;
  readonly model: CheckpointRef;
  readonly data: PreparedData;
  /** Where `difficulty` had questions chosen. */
  readonly difficulty?: DifficultySummary;
  readonly metrics: RunMetrics;
  readonly curve: ObjectRef | null;
  /** Points not yet flushed to `curve`. */
  readonly points: readonly CurvePoint[];
  /** Scored objects (greedy, test set) to show right and wrong answers from. */
  readonly sampled: readonly ObjectRef[];
  /** All answers that the metrics were made of; absent in runs from before. */
  readonly answers?: readonly ModelAnswers[];
  readonly work: Readonly<Record<string, Work>>;
  readonly notes: readonly string[];
  /** The pretrained model it started from, as `PretrainedModel` names it. */
  readonly startedFrom?: string;
  readonly warnings: readonly TrainingWarning[];
  /** Runs that it was branched from, oldest first. */
  readonly lineage?: readonly Ancestor[];
}

/** What a run leaves under `runs/<run id>/`. Keys are full S3 keys. */
export interface PublishRunResult {
  readonly bucket: string;
  readonly prefix: string;
  readonly report: string;
  readonly result: string;
  readonly samples: string;
}

/** Its result's `prefix` has no slash at its end; the model lies in `<prefix>/model`, LoRA adapters besides in `<prefix>/adapter`. */
export function createPublishRun({ store, workDirectory }: Pick<EngineDependencies, 'store' | 'workDirectory'>) {
  return (input: PublishRunInput): Promise<PublishRunResult> =>
    heartbeatWhile('files', async () => {
      const { runId, title, spec, metrics, work, notes, warnings, model } = input;
      const prefix = runPrefix(runId);
      const keys = {
        model: `${prefix}/model`,
        report: `${prefix}/report.html`,
        result: `${prefix}/result.json`,
        samples: `${prefix}/samples.jsonl`,
      };

      await publishModel({ store, workDirectory }, prefix, input);

      const answers = await publishAnswers({ store, workDirectory }, keys.samples, {
        questions: input.data.test,
        shown: input.sampled,
        ...(input.answers === undefined ? {} : { all: input.answers }),
      });

      const curve = [...(await readCurve(store, input.curve)), ...input.points];
      const data = summariseData(input.data);
      const difficulty = input.difficulty === undefined ? {} : { difficulty: input.difficulty };
      const report = {
        runId,
        title,
        spec,
        metrics,
        curve,
        answers,
        data,
        ...difficulty,
        work,
        notes,
        warnings,
        checkpoint: model.sha256,
      };
      await store.publish(keys.report, Buffer.from(renderReport(report)));

      const checkpoint = { sha256: model.sha256, step: model.step };
      const bucket = store.bucket;
      const result: PublishedResult = {
        version: versionOf(formats.publishedRun),
        runId,
        title,
        spec,
        metrics,
        checkpoint,
        data,
        ...difficulty,
        work,
        notes: [...notes],
        warnings: [...warnings],
        lineage: [...(input.lineage ?? [])],
        curve,
        bucket,
        keys,
      };
      await store.publish(keys.result, Buffer.from(`${JSON.stringify(result, null, 2)}\n`));
      return { bucket, prefix, report: keys.report, result: keys.result, samples: keys.samples };
    });
}
