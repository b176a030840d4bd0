/**
 * The activity `publishEvaluation`: what an evaluation leaves under `runs/<its id>/`: its answers, the report, and last of all
 * `result.json`.
 */

import type { PreparedData } from './data/types.js';
import type { EvaluationMetrics } from './evaluation/types.js';
import { formats, versionOf } from './formats.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { type ModelAnswers, publishAnswers } from './publishAnswers.js';
import { summariseData } from './report/data.js';
import { renderEvaluation } from './report/evaluationPage.js';
import type { Work } from './report/types.js';
import { runPrefix } from './store/runKeys.js';
import type { ObjectRef } from './store/types.js';
import type { EngineDependencies } from './trainingSteps.js';

/** What an evaluation leaves: the metrics of one model on one data set. */
export interface PublishEvaluationInput {
  readonly evaluationId: string;
  readonly title: string;
  readonly spec: unknown;
  /** What the model is called. */
  readonly model: string;
  readonly data: PreparedData;
  readonly metrics: EvaluationMetrics;
  /** Its greedy answers, scored. */
  readonly answers: readonly ObjectRef[];
  /** Its samples; absent in evaluations from before. */
  readonly samples?: Pick<ModelAnswers, 'sampled' | 'rewardModelScores'>;
  readonly work: Readonly<Record<string, Work>>;
  readonly notes: readonly string[];
}

export interface PublishEvaluationResult {
  readonly bucket: string;
  readonly prefix: string;
  readonly report: string;
  readonly result: string;
  readonly samples: string;
}

export function createPublishEvaluation({ store, workDirectory }: Pick<EngineDependencies, 'store' | 'workDirectory'>) {
  return (input: PublishEvaluationInput): Promise<PublishEvaluationResult> =>
    heartbeatWhile('files', async () => {
      const { evaluationId, title, spec, model, metrics, work, notes } = input;
      const data = summariseData(input.data);
      const prefix = runPrefix(evaluationId);
      const keys = {
        report: `${prefix}/report.html`,
        result: `${prefix}/result.json`,
        samples: `${prefix}/samples.jsonl`,
      };
      const answers = await publishAnswers({ store, workDirectory }, keys.samples, {
        questions: input.data.test,
        shown: input.answers,
        ...(input.samples === undefined ? {} : { all: [{ ...input.samples, model, greedy: input.answers }] }),
      });
      const report = { evaluationId, title, model, spec, metrics, answers, data, work, notes };
      await store.publish(keys.report, Buffer.from(renderEvaluation(report)));
      const version = versionOf(formats.publishedEvaluation);
      const result = {
        version,
        evaluationId,
        title,
        model,
        spec,
        metrics,
        data,
        work,
        notes,
        bucket: store.bucket,
        keys,
      };
      await store.publish(keys.result, Buffer.from(`${JSON.stringify(result, null, 2)}\n`));
      return { bucket: store.bucket, prefix, ...keys };
    });
}
