/**
 * The specification of an annotation: questions with right answers in, chains of thought out, by a chat model behind an address or by a
 * model of one's own.
 */
import { z } from 'zod';
import { isMade } from '../../activities/data/sets/names.js';
import { formats } from '../../activities/formats.js';
import { answersOfSource, dataSchema, isMixture, sourcesOf } from './data.js';
import { sourceName } from './describe.js';
import { evaluatedModelSchema } from './evaluationRun.js';
import { isRecord } from './explain.js';
import { fleetSchema } from './fleet.js';
import { generationSchema } from './generation.js';
import { count } from './numbers.js';
import { checkReward, rewardSchema } from './reward.js';
import { versionField } from './version.js';

const price = z.number().min(0).max(1e6);

const endpointSchema = z.strictObject({
  kind: z.literal('endpoint').describe('A chat model behind an address that speaks OpenAI’s `/chat/completions`.'),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .refine((url) => !/[?#]|\/$|\/chat\/completions$/.test(url), {
      error: 'the base address, such as https://api.openai.com/v1, to which /chat/completions is added',
    })
    .describe('Its base address, such as `https://api.openai.com/v1`: `/chat/completions` is added.'),
  model: z.string().min(1).max(200).describe('The model’s name, as the endpoint has it.'),
  key: z
    .string()
    .regex(/^REFT_ANNOTATOR_\w{1,100}$/)
    .nullable()
    .default(null)
    .describe(
      'The environment variable of the workers that has the key, sent as `Authorization: Bearer …`. Its name starts with `REFT_ANNOTATOR_`, so that a specification can send away nothing else. Null sends none.',
    ),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .default(0.7)
    .describe('Of the samples; those that are tried again get a higher one.'),
  maxTokens: count
    .max(131_072)
    .default(1_024)
    .describe('Most tokens of an answer. A longer one is counted and not kept.'),
  maxTokensField: z
    .enum(['max_tokens', 'max_completion_tokens'])
    .default('max_tokens')
    .describe('What the endpoint calls that: OpenAI’s reasoning models know `max_completion_tokens` alone.'),
  extraBody: z
    .record(z.string().regex(/^(?!model$|messages$|stream$|n$)\w{1,64}$/), z.unknown())
    .default({})
    .describe('Further fields of each request, such as `{"top_p": 0.9}`. Not `model`, `messages`, `stream` or `n`.'),
  price: z
    .strictObject({
      input: price.describe('Of a million tokens of prompts.'),
      output: price.describe('Of a million tokens of answers.'),
    })
    .prefault({ input: 0, output: 0 })
    .describe('What tokens cost, in any currency: the cost is reckoned from it.'),
  timeoutSeconds: z.number().min(0.1).max(3_600).default(300).describe('For one try, up to the last byte.'),
  tries: z
    .int()
    .min(1)
    .max(20)
    .default(6)
    .describe(
      'How often one request is sent, with growing pauses, before it is given up and counted. Being told to wait is no try.',
    ),
  atOnce: z
    .int()
    .min(1)
    .max(256)
    .default(64)
    .describe('Most requests under way at once. How many the endpoint bears is found by itself.'),
});

const checkpointSchema = z.strictObject({
  kind: z.literal('checkpoint').describe('A model of one’s own: rejection sampling.'),
  from: evaluatedModelSchema.shape.from.describe(
    'As `model.from` of an evaluation: `checkpoint:<sha256>` of a run, `s3://<bucket>/runs/<id>/model`, hf:org/name or a folder.',
  ),
  generation: generationSchema
    .prefault({ maxAnswerTokens: 400 })
    .describe('How answers are generated, at temperature 1.'),
});

const promptSchema = z.strictObject({
  instruction: z
    .string()
    .min(1)
    .max(20_000)
    .optional()
    .describe('The system message. Left out, one that asks for the form of `data.cot`.'),
  examples: z
    .union([
      z.enum(['gsm8k', 'svamp', 'mathqa', 'mathqa-numeric', 'none']),
      z
        .array(
          z.strictObject({
            question: z.string().min(1).max(20_000).describe('A question as the data have them.'),
            answer: z
              .string()
              .min(1)
              .max(20_000)
              .describe('A function `solution()`, or a chain that ends in `Therefore, the answer is: X`.'),
          }),
        )
        .max(64),
    ])
    .default('gsm8k')
    .describe('Worked questions before the one that is asked: those of a data set, or your own.'),
});

const keepSchema = z.strictObject({
  rule: z
    .enum(['first', 'all', 'shortest'])
    .default('first')
    .describe(
      'Which right answers are kept: the `first`, after which a question is asked no more; `all` up to `most`; of all samples the `shortest`.',
    ),
  most: count.max(100).default(4).describe('With `all`: most answers kept of a question.'),
  unique: z
    .enum(['text', 'equations'])
    .default('text')
    .describe(
      'When two answers are one: where their texts are equal, or their lists of equations (RFT, arXiv 2308.01825).',
    ),
});

const limit = z.int().min(1).max(1e12).nullable().default(null);

const budgetSchema = z.strictObject({
  requests: limit.describe('Most answers that are paid for. Tries that failed do not count.'),
  tokens: limit.describe('Most tokens, of prompts and answers together.'),
  money: z
    .number()
    .positive()
    .max(1e9)
    .nullable()
    .default(null)
    .describe('Most money, by `annotator.price`. No request begins that could exceed it.'),
});

export const annotationSchema = z
  .strictObject({
    version: versionField(formats.annotationSpec),
    title: z.string().max(200).default('Annotation').describe('Heading of the report.'),
    data: dataSchema.describe(
      'Its training questions are annotated, with none held out; chains of thought that they have are not read. Test questions among them are left out.',
    ),
    annotator: z
      .discriminatedUnion('kind', [endpointSchema, checkpointSchema])
      .describe('Who answers: a chat model behind an address, or a model of your own.'),
    prompt: promptSchema
      .prefault({})
      .describe('What an endpoint is given. A checkpoint gets the prompt that it was trained on.'),
    samples: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .describe('K: most answers to a question before those without a right one are tried again.'),
    retries: z
      .strictObject({
        samples: z
          .int()
          .min(0)
          .max(16)
          .default(2)
          .describe('How many further answers a question without a right one may have. Not for a checkpoint.'),
        temperatureStep: z
          .number()
          .min(0)
          .max(1)
          .default(0.2)
          .describe('By how much each is warmer than the one before; at most 2 in all.'),
      })
      .prefault({})
      .describe('Questions without a right answer are tried again at rising temperature.'),
    keep: keepSchema.prefault({}).describe('Which right answers become rows.'),
    budget: budgetSchema
      .prefault({})
      .describe('Where it stops, with what there is. Null is no limit. Answers of earlier annotations cost nothing.'),
    seed: z.int().min(0).max(0xffff_ffff).default(0).describe('Of what is generated and drawn here.'),
    reward: rewardSchema.describe('Says which answers are right.'),
    fleet: fleetSchema
      .prefault({})
      .describe('What a checkpoint’s sampling takes of the workers. Results do not depend on it.'),
  })
  .superRefine(({ data, reward, annotator, prompt, budget, keep, samples, retries }, context) => {
    const report = (path: readonly (string | number)[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    for (const set of ['train', 'test'] as const)
      if (isMade(data.source) && data[set] === undefined)
        report(['data', set], 'problems made on the spot need a count of at least 1');
    checkReward(reward, data, report);
    const kind = sourcesOf(data.source).map(answersOfSource)[0];
    if (
      annotator.kind === 'endpoint' &&
      kind === 'text' &&
      typeof prompt.examples === 'string' &&
      prompt.examples !== 'none'
    )
      report(['prompt', 'examples'], 'your own examples or "none": these have numbers or letters for answers');
    if (annotator.kind === 'endpoint' && data.promptFormat === 'chat')
      report(['data', 'promptFormat'], '"plain": the endpoint makes a chat of it');
    if (keep.rule === 'all' && samples < keep.most) report(['samples'], `at least keep.most (${keep.most})`);
    if (annotator.kind === 'endpoint') {
      if (budget.money !== null && annotator.price.input + annotator.price.output === 0)
        report(['annotator', 'price'], 'what tokens cost, where budget.money is given');
      return;
    }
    for (const name of ['requests', 'tokens', 'money'] as const)
      if (budget[name] !== null) report(['budget', name], 'null for a checkpoint, whose answers cost nothing');
    if (retries.samples !== 0)
      report(['retries', 'samples'], '0 for a checkpoint, which samples at temperature 1: raise samples');
  });

export type AnnotationSpec = z.output<typeof annotationSchema>;
export type EndpointSpec = z.output<typeof endpointSchema>;
export type PromptSpec = z.output<typeof promptSchema>;
export type KeepSpec = z.output<typeof keepSchema>;

/** What an annotation is before its defaults: `prompt.examples` is the data set's own, and a checkpoint is not asked again. */
export function withAnnotationDefaults(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { data, prompt, annotator, retries } = given;
  const source = field(data, 'source');
  const known = promptSchema.shape.examples.safeParse(source);
  const examples = typeof source === 'string' && known.success ? { examples: source } : {};
  const isCheckpoint = field(annotator, 'kind') === 'checkpoint';
  return {
    ...given,
    ...(prompt === undefined || isRecord(prompt) ? { prompt: { ...examples, ...prompt } } : {}),
    ...(isCheckpoint && retries === undefined ? { retries: { samples: 0 } } : {}),
  };
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

/** An annotation in a few lines of Markdown. */
export function describeAnnotation({ data, annotator, samples, keep, budget }: AnnotationSpec): string {
  const source = typeof data.source === 'string' || isMixture(data.source) ? sourceName(data) : 'files of your own';
  const limits = Object.entries(budget).flatMap(([name, most]) => (most === null ? [] : [`${name} ${most}`]));
  return [
    `- **Data**: ${source}, ${data.train ?? 'all'} training questions, answered ${data.cot === 'program' ? 'by Python programs' : 'in words'}`,
    `- **Annotator**: ${annotator.kind === 'endpoint' ? `${annotator.model} at ${new URL(annotator.url).host}` : annotator.from}`,
    `- **Samples**: ${samples} to a question, kept: ${keep.rule}`,
    `- **Budget**: ${limits.length === 0 ? 'no limit' : limits.join(', ')}`,
  ].join('\n');
}
