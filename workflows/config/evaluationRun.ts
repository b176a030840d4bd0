/** The specification of an evaluation: any model on any data set, with up to 100 samples a question. */
import { z } from 'zod';
import { isMade } from '../../activities/data/sets/names.js';
import { formats } from '../../activities/formats.js';
import { dataSchema, isMixture } from './data.js';
import { sourceName } from './describe.js';
import { fleetSchema } from './fleet.js';
import { generationSchema } from './generation.js';
import { sourceForms } from './model.js';
import { checkReward, rewardSchema } from './reward.js';
import { rewardModelSchema } from './rewardModel.js';
import { versionField } from './version.js';

export const evaluatedModelSchema = z.strictObject({
  from: z
    .string()
    .max(1_000)
    .refine((from) => [...sourceForms, /^checkpoint:[0-9a-f]{64}$/].some((form) => form.test(from)), {
      error:
        'hf:org/name or hf:org/name@revision, s3://bucket/prefix, the absolute path of a folder, or checkpoint:<sha256>',
    })
    .describe(
      'As the `model.from` of a run, or a checkpoint of any run or comparison: `checkpoint:<sha256>`. `s3://<bucket>/runs/<id>/model` is the model of a run.',
    ),
});

export const evaluationRunSchema = z
  .strictObject({
    version: versionField(formats.evaluationSpec),
    title: z.string().max(200).default('Evaluation').describe('Heading of the report.'),
    model: evaluatedModelSchema.describe('The model to evaluate.'),
    data: dataSchema.describe(
      'Its test questions are asked. Its training questions are used only where a reward model is trained.',
    ),
    samples: z
      .int()
      .min(0)
      .max(100)
      .default(8)
      .describe(
        'K of voting, reranking and pass@k: samples of each question, at temperature 1 (paper, 4.4: 100). 0 leaves them out.',
      ),
    seed: z.int().min(0).max(0xffff_ffff).default(0).describe('Every random choice follows from it.'),
    generation: generationSchema
      .prefault({ maxAnswerTokens: 400 })
      .describe(
        'How answers are generated. 400 tokens are what the paper’s code leaves for an answer: 700 less 300 for the prompt.',
      ),
    reward: rewardSchema.describe('Says which answers are right, and what the reward model is to tell apart.'),
    fleet: fleetSchema.prefault({}).describe('What the evaluation takes of the workers. Results do not depend on it.'),
    rewardModel: rewardModelSchema
      .nullable()
      .default(null)
      .describe(
        'Trains a reward model on the model’s own samples of the training questions, for reranking. Null leaves it out.',
      ),
  })
  .superRefine(({ data, reward, rewardModel, samples }, context) => {
    const report = (path: readonly (string | number)[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    if (isMade(data.source) && data.test === undefined)
      report(['data', 'test'], 'problems made on the spot need a count of at least 1');
    if (isMade(data.source) && data.exclude !== undefined)
      report(['data', 'exclude'], 'not for problems made on the spot');
    checkReward(reward, data, report);
    if (rewardModel !== null && samples === 0)
      report(['samples'], 'at least 1: a reward model needs samples to rerank');
  });

export type EvaluationRunSpec = z.output<typeof evaluationRunSchema>;

/** An evaluation in a few lines of Markdown. */
export function describeEvaluation({ model, data, samples, rewardModel, seed }: EvaluationRunSpec): string {
  const source = typeof data.source === 'string' || isMixture(data.source) ? sourceName(data) : 'files of your own';
  const sampled = samples === 0 ? '' : ` and ${samples} samples for voting${rewardModel ? ' and reranking' : ''}`;
  return [
    `- **Model**: ${model.from}`,
    `- **Data**: ${source}, ${data.test ?? 'all'} test questions`,
    `- **Answers**: greedy${sampled}`,
    `- **Seed**: ${seed}`,
  ].join('\n');
}
