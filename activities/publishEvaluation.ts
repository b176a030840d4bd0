/**
 * The activity `publishEvaluation`: what an evaluation leaves under `runs/<its id>/`: its answers, the report, and last of all
 * `result.json`.
 */
import type { PublishEvaluationInput, PublishEvaluationResult } from './contracts.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { readAnswers } from './readAnswers.js';
import { summariseData } from './report/data.js';
import { renderEvaluation } from './report/evaluationPage.js';
import { runPrefix } from './store/runKeys.js';
import type { Store } from './store/types.js';

export function createPublishEvaluation({ store }: { readonly store: Store }) {
  return (input: PublishEvaluationInput): Promise<PublishEvaluationResult> =>
    heartbeatWhile('files', async () => {
      const { evaluationId, title, spec, model, figures, work, notes } = input;
      const data = summariseData(input.data);
      const prefix = runPrefix(evaluationId);
      const keys = {
        report: `${prefix}/report.html`,
        result: `${prefix}/result.json`,
        samples: `${prefix}/samples.jsonl`,
      };
      const answers = await readAnswers(store, input.data.test, input.answers);
      await store.publish(keys.samples, Buffer.from(answers.map((answer) => `${JSON.stringify(answer)}\n`).join('')));
      const report = { evaluationId, title, model, spec, figures, answers, data, work, notes };
      await store.publish(keys.report, Buffer.from(renderEvaluation(report)));
      const result = { evaluationId, title, model, spec, figures, data, work, notes, bucket: store.bucket, keys };
      await store.publish(keys.result, Buffer.from(`${JSON.stringify(result, null, 2)}\n`));
      return { bucket: store.bucket, prefix, ...keys };
    });
}
