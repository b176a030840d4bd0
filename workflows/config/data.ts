/** The questions: where they come from, and how they and their answers are written. */
import { z } from 'zod';
import { count } from './numbers.js';

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

export type DataSpec = z.output<typeof dataSchema>;
export type DataFileSpec = z.output<typeof dataFileSchema>;
export type FileFormat = z.output<typeof fileFormatSchema>;
export type CustomSourceSpec = z.output<typeof customSourceSchema>;
export type FieldsSpec = NonNullable<CustomSourceSpec['fields']>;
