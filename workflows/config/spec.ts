/**
 * The run specification: every field a run can be given, with its limits and defaults.
 *
 * Pure zod, so the same schema validates in the workflow, in the `reft` command and as JSON Schema (`reft schema`).
 * Defaults are the paper's for a model trained from scratch where it gives one; presets fill in the rest.
 */
import { z } from 'zod';
import { methodNames, methods } from './methods.js';

const share = z.number().min(0).max(1);
const count = z.int().min(1);

export const optimiserSchema = z.strictObject({
  learningRate: z.number().positive().max(1),
  /** Linear warm-up from 0 over this many steps, then the schedule. */
  warmUpSteps: z.int().min(0).default(0),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  beta1: share.default(0.9),
  beta2: share.default(0.999),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().min(0).default(0),
  /** Global gradient norm is clipped to this. */
  maxGradNorm: z.number().positive().default(1),
});

const fileForms = [
  /^https:\/\/[^/@\s]+\/\S+$/,
  /^http:\/\/[^/@\s]+\/\S+$/,
  /^s3:\/\/[^/]+\/.+$/,
  /^(?![a-z0-9+.-]+:\/\/).+$/i,
];

const fileLocationSchema = z
  .string()
  .max(2_000)
  .refine((from) => fileForms.some((form) => form.test(from)), {
    error: 'a path (absolute, or from REFT_DATA_DIR on), s3://bucket/key or https://host/path',
  });

const fileFormatSchema = z.enum(['json', 'jsonl', 'csv', 'tsv', 'parquet']);

/** A data file: where it lies, its checksum, and its format where its name does not end in it. */
export const dataFileSchema = z
  .union([
    fileLocationSchema,
    z.strictObject({
      from: fileLocationSchema,
      sha256: z
        .string()
        .refine((sha256) => /^[0-9a-f]{64}$/i.test(sha256), { error: '64 hexadecimal digits' })
        .optional(),
      format: fileFormatSchema.optional(),
    }),
  ])
  .refine(
    (file) =>
      typeof file === 'object'
        ? file.sha256 !== undefined || !file.from.startsWith('http:')
        : !file.startsWith('http:'),
    {
      error: 'https://, or http:// in the form {"from": …, "sha256": …}: what comes unprotected needs a checksum',
    },
  );

/** A column's name, or a way into nested values: `extra.answer`. */
const fieldName = z.string().min(1).max(200);

/** A data set of the user's own. Rows as GSM8K, MathQA and the ReFT paper publish theirs are recognised; others need `fields`. */
export const customSourceSchema = z.strictObject({
  train: dataFileSchema,
  test: dataFileSchema,
  fields: z
    .strictObject({
      question: fieldName,
      /** The right answer's value: a number, or an option's letter. */
      value: fieldName,
      /** The annotated chain of thought, or with `cot: program` a Python function `solution()`; test rows need none. */
      answer: fieldName,
      /** A list of options, or their text, to stand below the question. */
      options: fieldName.optional(),
      id: fieldName.optional(),
    })
    .optional(),
  /** How answers are compared: numbers within 0.01, or option letters. */
  answers: z.enum(['number', 'choice']).default('number'),
});

export const dataSchema = z.strictObject({
  /** `generated` word problems, a published data set in `REFT_DATA_DIR`, or files of your own. */
  source: z.union([z.enum(['generated', 'svamp', 'gsm8k', 'mathqa', 'mathqa-numeric']), customSourceSchema]),
  /** `program` is the paper's P-CoT (a Python function), `natural` its N-CoT. */
  cot: z.enum(['program', 'natural']).default('program'),
  /** Whether a program's prompt repeats the question as its docstring, as the paper's does. */
  docstring: z.boolean().default(true),
  /** `plain` is the paper's text; `chat` puts the question through a pretrained model's own chat template. */
  promptFormat: z.enum(['plain', 'chat']).default('plain'),
  /** Generated problems only: how many to make. For published data, caps on how many to use. */
  train: count.max(1_000_000).optional(),
  test: count.max(1_000_000).optional(),
  /**
   * Generated problems only: no number in a question is above it, and none on the way above its square or 999. A program leaves
   * sums to Python; in `natural` the model works them out itself, which a small one learns for small numbers alone.
   */
  largestNumber: z.int().min(5).max(50).default(50),
  /** Questions held out of training, on which the best checkpoint is chosen. */
  validation: count.max(100_000).default(200),
  tokenizer: z
    .strictObject({
      kind: z.enum(['word', 'bytePair']).default('word'),
      vocabularySize: z.int().min(64).max(100_000).default(2_000),
    })
    .prefault({}),
});

/** A model trained from nothing: a Llama of these sizes. */
export const scratchModelSchema = z
  .strictObject({
    hiddenSize: z.int().min(8).max(16_384),
    layers: z.int().min(1).max(256),
    heads: z.int().min(1).max(256),
    keyValueHeads: z.int().min(1).max(256),
    intermediateSize: z.int().min(8).max(65_536),
    ropeBase: z.number().positive().default(10_000),
    tiedHead: z.boolean().default(true),
    normEpsilon: z.number().positive().default(1e-5),
    /** Longest sequence, prompt and answer together. */
    maxPositions: z.int().min(16).max(131_072).default(512),
  })
  .superRefine((model, context) => {
    const report = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (model.hiddenSize % model.heads !== 0)
      report('heads', `must divide hiddenSize ${model.hiddenSize}, got ${model.heads}`);
    else if ((model.hiddenSize / model.heads) % 16 !== 0)
      report('heads', `hiddenSize / heads must be a multiple of 16, got ${model.hiddenSize / model.heads}`);
    if (model.heads % model.keyValueHeads !== 0)
      report('keyValueHeads', `must divide heads ${model.heads}, got ${model.keyValueHeads}`);
  });

/** How a model to start from is named: of the hub, in S3, a folder. */
export const sourceForms = [/^hf:[\w.-]+(\/[\w.-]+)?(@[\w./-]+)?$/, /^s3:\/\/[^/]+\/.+$/, /^(\/|[A-Za-z]:[\\/])/];

/** A pretrained model: its architecture and its tokenizer are its own (`data.tokenizer` is for models from scratch). */
export const pretrainedModelSchema = z.strictObject({
  from: z
    .string()
    .max(1_000)
    .refine((from) => sourceForms.some((form) => form.test(from)), {
      error: 'hf:org/name or hf:org/name@revision, s3://bucket/prefix, or the absolute path of a folder',
    }),
});

export const modelSchema = z.union([pretrainedModelSchema, scratchModelSchema]);

export const loraSchema = z.strictObject({
  /** Rank of the adapters: each adds rank × (inputs + outputs) numbers to its layer. */
  rank: count.max(1_024),
  /** The adapters' product is multiplied by alpha / rank. */
  alpha: z.number().positive(),
  /** Which layers get one, as PEFT names them: last parts of module names, or every linear layer but the head. */
  targetModules: z.union([z.literal('all-linear'), z.array(z.string().regex(/^\w+$/)).min(1)]).default('all-linear'),
});

export const supervisedSchema = z.strictObject({
  epochs: count.max(10_000),
  batchSize: count.max(4_096),
  optimiser: optimiserSchema,
});

export const ppoSchema = z.strictObject({
  /** Passes over the training questions; a round is one batch of `questionsPerRound`. */
  epochs: count.max(10_000),
  questionsPerRound: count.max(100_000),
  samplesPerQuestion: count.max(256).default(1),
  /** Answers in one optimiser step. */
  miniBatch: count.max(100_000),
  /** Passes over a round's answers (the paper's PPO epochs). */
  passes: count.max(100).default(2),
  optimiser: optimiserSchema,
  klCoefficient: z.number().min(0).default(0.01),
  valueCoefficient: z.number().min(0).default(5),
  gamma: share.default(1),
  lambda: share.default(0.95),
  clipRange: z.number().positive().default(0.2),
  valueClipRange: z.number().positive().default(0.2),
});

export const offlineSelfTrainingSchema = z.strictObject({
  /** Sampled from the warm-up for each training question. */
  samplesPerQuestion: count.max(1_000).default(100),
  /** So many right answers, each another text, are kept for each question. */
  keepPerQuestion: count.max(1_000).default(10),
  /** Of supervised training on annotated answers and kept samples, from the model before the warm-up. */
  epochs: count.max(10_000).default(20),
  batchSize: count.max(4_096),
  optimiser: optimiserSchema,
});

/** Of GRPO and RLOO, which compare the answers to a question with each other instead of learning a critic. */
export const groupPolicySchema = z.strictObject({
  /** Passes over the training questions; a round is one batch of `questionsPerRound`. */
  epochs: count.max(10_000),
  questionsPerRound: count.max(100_000),
  samplesPerQuestion: z.int().min(2).max(256).default(4),
  /** Answers in one optimiser step. */
  miniBatch: count.max(100_000),
  /** Passes over a round's answers. */
  passes: count.max(100).default(1),
  optimiser: optimiserSchema,
  /** Divides a question's advantages by the standard deviation of its rewards. Left out, GRPO does and RLOO does not. */
  scaleAdvantages: z.boolean().optional(),
  /**
   * How answer tokens share a step's loss: a mean over each answer's tokens and then over answers, a mean over all tokens of
   * the step (DAPO), or a sum divided by answers × `generation.maxAnswerTokens` (Dr. GRPO).
   */
  normalisation: z.enum(['sequence', 'token', 'constant']).default('sequence'),
  klCoefficient: z.number().min(0).default(0),
  /** Where the KL penalty against the warm-up is: taken off an answer's reward, or added to the loss of each token. */
  klPlacement: z.enum(['reward', 'loss']).default('loss'),
  clipRange: z.number().positive().default(0.2),
});

/** Of online self-training and expert iteration. */
export const sampleTrainingSchema = z.strictObject({
  /** Passes over the training questions; a round is one batch of `questionsPerRound`. */
  epochs: count.max(10_000),
  questionsPerRound: count.max(100_000),
  samplesPerQuestion: count.max(256).default(1),
  /** Questions in one optimiser step, with all their right samples. */
  miniBatch: count.max(100_000),
  /** Passes over a round's answers. */
  passes: count.max(100).default(1),
  optimiser: optimiserSchema,
});

export const rewardModelSchema = z.strictObject({
  /** Samples of each training question, drawn from the warm-up model and, again, from the final policy. */
  samplesPerQuestion: count.max(1_000).default(10),
  epochs: count.max(1_000).default(3),
  batchSize: count.max(4_096).default(32),
  optimiser: optimiserSchema,
});

export const evaluationSchema = z.strictObject({
  /** Validation accuracy is measured after this many rounds, and after every epoch of supervised training. */
  everyRounds: count.max(100_000).default(4),
  /** A method ends after so many validations in a row without a better one than before. Null trains to the end. */
  patience: count.max(100_000).nullable().default(null),
  /** K of voting and reranking; 0 leaves both out. */
  samplesPerQuestion: z.int().min(0).max(100).default(8),
});

export const generationSchema = z.strictObject({
  maxAnswerTokens: count.max(8_192),
  /** Questions in one rollout activity. It fixes batch composition, so results depend on it and not on who runs it. */
  questionsPerShard: count.max(100_000).default(128),
});

export const specSchema = z
  .strictObject({
    title: z.string().max(200).default('ReFT'),
    method: z.enum(methodNames).default('reft'),
    seed: z.int().min(0).max(0xffff_ffff).default(0),
    data: dataSchema,
    model: modelSchema,
    generation: generationSchema,
    /** Trains adapters on frozen weights (value and reward heads in full). Null trains every weight. */
    lora: loraSchema.nullable().default(null),
    warmUp: supervisedSchema,
    /** The baseline: supervised training continued from the warm-up. Null leaves it out. */
    sft: supervisedSchema.nullable().default(null),
    /** Of the methods' settings only those of `method` are needed. */
    ppo: ppoSchema.nullable().default(null),
    offlineSelfTraining: offlineSelfTrainingSchema.nullable().default(null),
    onlineSelfTraining: sampleTrainingSchema.nullable().default(null),
    expertIteration: sampleTrainingSchema.nullable().default(null),
    groupPolicy: groupPolicySchema.nullable().default(null),
    rewardModel: rewardModelSchema.nullable().default(null),
    evaluation: evaluationSchema.prefault({}),
  })
  .superRefine((spec, context) => {
    const report = (path: readonly string[], message: string): void => {
      context.addIssue({ code: 'custom', path: [...path], message });
    };
    if (spec.data.source === 'generated')
      for (const field of ['train', 'test'] as const)
        if (spec.data[field] === undefined) report(['data', field], 'generated problems need a count of at least 1');
    if (!('from' in spec.model) && spec.data.promptFormat === 'chat')
      report(['data', 'promptFormat'], 'chat needs a pretrained model with a chat template (model.from)');
    if (!('from' in spec.model) && spec.generation.maxAnswerTokens >= spec.model.maxPositions)
      report(
        ['generation', 'maxAnswerTokens'],
        `must be less than model.maxPositions ${spec.model.maxPositions}, which holds prompt and answer together`,
      );
    const { section } = methods[spec.method];
    if (spec[section] === null) report([section], `method ${spec.method} needs an object here`);
    for (const name of ['ppo', 'groupPolicy'] as const) {
      const { miniBatch = 0, questionsPerRound = 0, samplesPerQuestion = 0 } = spec[name] ?? {};
      const answers = questionsPerRound * samplesPerQuestion;
      if (miniBatch > answers) report([name, 'miniBatch'], `at most ${answers}, the answers in one round`);
    }
    for (const name of ['onlineSelfTraining', 'expertIteration'] as const) {
      const { miniBatch = 0, questionsPerRound = 0 } = spec[name] ?? {};
      if (miniBatch > questionsPerRound)
        report([name, 'miniBatch'], `at most ${questionsPerRound}, the questions in one round`);
    }
  });

export type Spec = z.output<typeof specSchema>;
export type DataSpec = z.output<typeof dataSchema>;
export type DataFileSpec = z.output<typeof dataFileSchema>;
export type FileFormat = z.output<typeof fileFormatSchema>;
export type CustomSourceSpec = z.output<typeof customSourceSchema>;
export type FieldsSpec = NonNullable<CustomSourceSpec['fields']>;
export type ModelSpec = z.output<typeof modelSchema>;
export type ScratchModelSpec = z.output<typeof scratchModelSchema>;
export type OptimiserSpec = z.output<typeof optimiserSchema>;
export type LoraSpec = z.output<typeof loraSchema>;
export type SupervisedSpec = z.output<typeof supervisedSchema>;
export type PpoSpec = z.output<typeof ppoSchema>;
export type OfflineSelfTrainingSpec = z.output<typeof offlineSelfTrainingSchema>;
export type GroupPolicySpec = z.output<typeof groupPolicySchema>;
export type SampleTrainingSpec = z.output<typeof sampleTrainingSchema>;
export type RewardModelSpec = z.output<typeof rewardModelSchema>;
export type EvaluationSpec = z.output<typeof evaluationSchema>;
export type GenerationSpec = z.output<typeof generationSchema>;
/** What sampling answers needs to know of a specification. */
export type AnsweringSpec = Pick<Spec, 'seed' | 'generation'>;
