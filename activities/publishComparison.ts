/**
 * The activity `publishComparison`: the statistics of a comparison, and what it leaves under `runs/<its id>/`: the report, and
 * last of all `result.json`.
 */
import { z } from 'zod';
import type { ComparedVerdicts, PublishComparisonInput, PublishComparisonResult, Verdict } from './contracts.js';
import { readExamples } from './engineSteps.js';
import { compareModels, type ModelVerdicts } from './evaluation/compareModels.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { type ComparisonReport, renderComparison } from './report/comparisonPage.js';
import { summariseSeeds } from './report/data.js';
import { runPrefix } from './store/runKeys.js';
import type { Store } from './store/types.js';

/** Enough for the first decimal of an interval's bounds. */
const replicates = 2_000;
/** Of the bootstrap: any would do, but always the same, so that a comparison gives the same intervals again. */
const bootstrapSeed = 20_240_808;

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
    heartbeatWhile('replicates', async (onProgress, signal) => {
      const { comparisonId, title, spec, models, trainings, samples, failures, notes, work } = input;
      const compared: ModelVerdicts[] = [];
      for (const { model, seed, verdicts } of models)
        compared.push({ model, seed, verdicts: verdictsSchema.parse(await store.getLines(verdicts)) });
      const sameQuestions = await askTheSame(store, models);
      const options = { replicates, seed: bootstrapSeed, sameQuestions, signal, onProgress };
      const figures = { ...(await compareModels(compared, options)), samples };

      const prefix = runPrefix(comparisonId);
      const keys = { report: `${prefix}/report.html`, result: `${prefix}/result.json` };
      const data = summariseSeeds(input.data);
      const report: ComparisonReport = { comparisonId, title, spec, figures, trainings, data, failures, notes, work };
      await store.publish(keys.report, Buffer.from(renderComparison(report)));
      const checkpoints = models.map(({ model, seed, checkpoint }) => ({ model, seed, checkpoint: checkpoint.sha256 }));
      const result = { ...report, checkpoints, bucket: store.bucket, keys };
      await store.publish(keys.result, Buffer.from(`${JSON.stringify(result, null, 2)}\n`));
      return { bucket: store.bucket, prefix, ...keys, figures };
    });
}

/** Whether the test sets of all seeds hold the same questions in the same order: their tokens may differ with the tokenizer. */
async function askTheSame(store: Store, models: readonly ComparedVerdicts[]): Promise<boolean> {
  const sets = new Map(models.map(({ questions }) => [questions.key, questions]));
  const texts = new Set<string>();
  for (const questions of sets.values()) {
    const examples = await readExamples(store, questions);
    texts.add(JSON.stringify(examples.map(({ question, answerValue }) => [question, answerValue])));
  }
  return texts.size <= 1;
}
