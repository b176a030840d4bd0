/**
 * The activity `publishComparison`: the statistics of a comparison, and what it leaves under `runs/<its id>/`: the report, and
 * last of all `result.json`.
 */
import { z } from 'zod';
import type { PreparedData } from './data/types.js';
import { compareModels, type ModelVerdicts } from './evaluation/compareModels.js';
import type { ComparedModel, ComparedSeeds, ComparisonMetrics, Verdict } from './evaluation/types.js';
import { formats, versionOf } from './formats.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { type ComparisonReport, renderComparison } from './report/comparisonPage.js';
import { summariseData } from './report/data.js';
import type { ComparedTraining, Work } from './report/types.js';
import { runPrefix } from './store/runKeys.js';
import type { CheckpointRef, ObjectRef, Store } from './store/types.js';

/** One evaluated model of a comparison. */
export interface ComparedVerdicts extends ComparedSeeds {
  readonly model: ComparedModel;
  readonly checkpoint: CheckpointRef;
  readonly verdicts: ObjectRef;
}

export interface PublishComparisonInput {
  readonly comparisonId: string;
  readonly title: string;
  readonly spec: unknown;
  readonly models: readonly ComparedVerdicts[];
  readonly trainings: readonly ComparedTraining[];
  /** What all of its models learned from and were tested on. */
  readonly data: PreparedData;
  /** Samples a question. */
  readonly samples: number;
  /** Children that failed, in words. */
  readonly failures: readonly string[];
  readonly notes: readonly string[];
  readonly work: Readonly<Record<string, Work>>;
}

export interface PublishComparisonResult {
  readonly bucket: string;
  readonly prefix: string;
  readonly report: string;
  readonly result: string;
  readonly metrics: ComparisonMetrics;
}

const verdictsSchema: z.ZodType<readonly Verdict[]> = z.array(
  z.strictObject({
    top1: z.boolean(),
    voting: z.boolean().exactOptional(),
    reranking: z.boolean().exactOptional(),
    weightedVoting: z.boolean().exactOptional(),
    correct: z.int().min(0).exactOptional(),
  }),
);

export function createPublishComparison({ store }: { readonly store: Store }) {
  return (input: PublishComparisonInput): Promise<PublishComparisonResult> =>
    heartbeatWhile('models', async (onProgress, signal) => {
      const { comparisonId, title, spec, models, trainings, samples, failures, notes, work } = input;
      const compared: ModelVerdicts[] = [];
      for (const { verdicts, checkpoint, ...model } of models) {
        signal.throwIfAborted();
        compared.push({ ...model, verdicts: verdictsSchema.parse(await store.getLines(verdicts)) });
        onProgress(compared.length, models.length);
      }
      const metrics = { ...compareModels(compared), samples };

      const prefix = runPrefix(comparisonId);
      const keys = { report: `${prefix}/report.html`, result: `${prefix}/result.json` };
      const data = summariseData(input.data);
      const report: ComparisonReport = { comparisonId, title, spec, metrics, trainings, data, failures, notes, work };
      await store.publish(keys.report, Buffer.from(renderComparison(report)));
      const checkpoints = models.map(({ verdicts, checkpoint, ...model }) => ({
        ...model,
        checkpoint: checkpoint.sha256,
      }));
      const version = versionOf(formats.publishedComparison);
      const result = { version, ...report, checkpoints, bucket: store.bucket, keys };
      await store.publish(keys.result, Buffer.from(`${JSON.stringify(result, null, 2)}\n`));
      return { bucket: store.bucket, prefix, ...keys, metrics };
    });
}
