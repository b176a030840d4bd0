/** The specification of an evaluation: any model on any data set, with up to 100 samples a question. */
import { z } from 'zod';
import { dataSchema } from './data.js';
import { generationSchema } from './generation.js';
import { sourceForms } from './model.js';
import { rewardModelSchema } from './rewardModel.js';

const evaluatedModelSchema = z.strictObject({
  /** As a run's `model.from`, or a checkpoint of any run or comparison by its hash. */
  from: z
    .string()
    .max(1_000)
    .refine((from) => [...sourceForms, /^checkpoint:[0-9a-f]{64}$/].some((form) => form.test(from)), {
      error:
        'hf:org/name or hf:org/name@revision, s3://bucket/prefix, the absolute path of a folder, or checkpoint:<sha256>',
    }),
});

export const evaluationRunSchema = z
  .strictObject({
    title: z.string().max(200).default('Evaluation'),
    model: evaluatedModelSchema,
    /** Its test questions are asked; its training questions only where a reward model is trained. */
    data: dataSchema,
    /** K of voting, reranking and pass@k, drawn at temperature 1; 0 leaves them out. */
    samples: z.int().min(0).max(100).default(8),
    seed: z.int().min(0).max(0xffff_ffff).default(0),
    generation: generationSchema.prefault({ maxAnswerTokens: 400 }),
    /** Trained on the model's own samples of the training questions, it reranks. Null leaves reranking out. */
    rewardModel: rewardModelSchema.nullable().default(null),
  })
  .superRefine(({ data, rewardModel, samples }, context) => {
    const report = (path: readonly string[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    if (data.source === 'generated' && data.test === undefined)
      report(['data', 'test'], 'generated problems need a count of at least 1');
    if (rewardModel !== null && samples === 0)
      report(['samples'], 'at least 1: a reward model needs samples to rerank');
  });

export type EvaluationRunSpec = z.output<typeof evaluationRunSchema>;

/** An evaluation in a few lines of Markdown. */
export function describeEvaluation({ model, data, samples, rewardModel, seed }: EvaluationRunSpec): string {
  const source = typeof data.source === 'string' ? data.source : 'files of your own';
  const sampled = samples === 0 ? '' : ` and ${samples} samples for voting${rewardModel ? ' and reranking' : ''}`;
  return [
    `- **Model**: ${model.from}`,
    `- **Data**: ${source}, ${data.test ?? 'all'} test questions`,
    `- **Answers**: greedy${sampled}`,
    `- **Seed**: ${seed}`,
  ].join('\n');
}
