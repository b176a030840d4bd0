/** The questions: where they come from, and how they and their answers are written. */
import { z } from 'zod';
import { dataSetNames } from '../../activities/data/sets/names.js';
import { count } from './numbers.js';

const hubForm = /^hf:[\w.-]+\/[\w.-]+(@[^/\s]+)?(\/\S*)?$/;
const fileForms = [
  /^https:\/\/[^/@\s]+\/\S+$/,
  /^http:\/\/[^/@\s]+\/\S+$/,
  /^s3:\/\/[^/]+\/.+$/,
  hubForm,
  /^(?!hf:|[a-z0-9+.-]+:\/\/).+$/i,
];
const places =
  'a path (absolute, or from REFT_DATA_DIR on), s3://bucket/key, https://host/path or hf:org/name of the Hugging Face hub';

const fileLocationSchema = z
  .string()
  .max(2_000)
  .refine((from) => fileForms.some((form) => form.test(from)), { error: places })
  .describe(
    `Where the file lies: ${places}. Behind hf:org/name there may be a path: a configuration, a split of it (\`hf:org/name/main/train\`), or with a revision any file.`,
  );

const fileFormatSchema = z.enum(['json', 'jsonl', 'csv', 'tsv', 'parquet']);

export const dataFileSchema = z
  .union([
    fileLocationSchema,
    z.strictObject({
      from: fileLocationSchema,
      sha256: z
        .string()
        .refine((sha256) => /^[0-9a-f]{64}$/i.test(sha256), { error: '64 hexadecimal digits' })
        .optional()
        .describe('Checksum of the file, 64 hexadecimal digits: a file with another one is refused. http:// needs it.'),
      format: fileFormatSchema.optional().describe('Left out, the file’s content says it, or the end of its name.'),
      revision: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe(
          'Of a data set of the hub: branch, tag or commit. Left out, `refs/convert/parquet`, the rows as the hub has converted them. A short one may also stand in `from`: `hf:org/name@v1/train.jsonl`.',
        ),
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
  )
  .refine((file) => typeof file !== 'object' || file.revision === undefined || /^hf:[^@]+$/.test(file.from), {
    error: 'a revision only with hf:org/name, and in one of the two places',
  })
  .refine((file) => typeof file !== 'object' || file.sha256 === undefined || !file.from.startsWith('hf:'), {
    error: 'no sha256 with hf:, whose files are checked by the checksums of the hub: give a commit as revision',
  });

const fieldName = z.string().min(1).max(200);

export const customSourceSchema = z.strictObject({
  train: dataFileSchema.describe('File of training questions: where it lies, or an object that also has a checksum.'),
  test: dataFileSchema.describe('File of test questions, given like `train`.'),
  fields: z
    .strictObject({
      question: fieldName.describe(
        'Column of the question: a text, or a list of messages `{role, content}`, whose last one is the annotated answer where it is the assistant’s. Here and below a dot reaches into nested values: `extra.answer`, `messages.0.content`.',
      ),
      value: fieldName.describe(
        'Column of the right answer’s value: a number, an option’s letter or a text, as `answers` says.',
      ),
      answer: fieldName
        .optional()
        .describe(
          'Column of the annotated chain of thought, with `data.cot: program` a Python function `solution()`; of a list of messages the last. Left out, it is the last message of the question. Test rows need none.',
        ),
      valueIndexFrom: z
        .literal([0, 1])
        .optional()
        .describe(
          'Says that the value is not the answer but the place of the right one among `options`, the first of which is 0 or 1. Left out, the value is the answer itself.',
        ),
      options: fieldName.optional().describe('Column of the options, a list or a text, to stand below the question.'),
      id: fieldName
        .optional()
        .describe('Column of a name for each row. Left out, a row is named by its file and place.'),
    })
    .refine(({ valueIndexFrom, options }) => valueIndexFrom === undefined || options !== undefined, {
      path: ['valueIndexFrom'],
      error: 'an index only with the column that it counts in (options)',
    })
    .optional()
    .describe(
      'Which column holds what. Rows as GSM8K, MathQA and the ReFT paper publish theirs are recognised without it.',
    ),
  answers: z
    .enum(['number', 'choice', 'text'])
    .default('number')
    .describe(
      'What the right answers are: numbers, option letters or any text. How they are compared follows from it, unless `reward.comparison` says more.',
    ),
});

export const dataSchema = z.strictObject({
  source: z
    .union([z.enum(dataSetNames), customSourceSchema])
    .describe(
      'Where questions come from: `generated` word problems, number puzzles of `countdown`, a published data set in the folder REFT_DATA_DIR (paper, 4.1), or files of your own.',
    ),
  cot: z
    .enum(['program', 'natural'])
    .default('program')
    .describe(
      'Form of the chain of thought: `program` is a Python function (the paper’s P-CoT, the stronger of the two), `natural` is words (its N-CoT).',
    ),
  docstring: z
    .boolean()
    .default(true)
    .describe('Whether a program’s prompt repeats the question as its docstring, as the paper’s does.'),
  promptFormat: z
    .enum(['plain', 'chat'])
    .default('plain')
    .describe(
      '`plain` is the paper’s text. `chat` puts the question into the chat template of a pretrained model, and trains on the assistant’s turn.',
    ),
  train: count
    .max(1_000_000)
    .optional()
    .describe(
      'Training questions. Problems made on the spot: how many to make. Other data: at most so many; left out, all.',
    ),
  test: count
    .max(1_000_000)
    .optional()
    .describe(
      'Test questions. Problems made on the spot: how many to make. Other data: at most so many; left out, all.',
    ),
  largestNumber: z
    .int()
    .min(5)
    .max(50)
    .default(50)
    .describe(
      'Problems made on the spot only: the largest number in a question. Of word problems none on the way is above its square or 999. A program leaves sums to Python; in `natural` the model works them out itself, which a small model learns for small numbers only.',
    ),
  exclude: z
    .union([z.array(z.string().min(1).max(500)).min(1).max(10_000), dataFileSchema])
    .optional()
    .describe(
      'Questions to leave out of all sets, by their ids: a list of them, or a file that has one on each line (or JSON: texts, or records with an `id`). Not for generated problems.',
    ),
  validation: count
    .max(100_000)
    .default(200)
    .describe(
      'Questions held out of the training questions. The best checkpoint is chosen on them, never on test questions.',
    ),
  tokenizer: z
    .strictObject({
      kind: z
        .enum(['word', 'bytePair'])
        .default('word')
        .describe(
          '`word` has a token for each word and is enough for generated problems. `bytePair` learns parts of words.',
        ),
      vocabularySize: z.int().min(64).max(100_000).default(2_000).describe('Most tokens in the vocabulary.'),
    })
    .prefault({})
    .describe('The tokenizer trained on the training questions. A pretrained model has its own, and this is not read.'),
});

export type DataSpec = z.output<typeof dataSchema>;
export type DataFileSpec = z.output<typeof dataFileSchema>;
export type FileFormat = z.output<typeof fileFormatSchema>;
export type CustomSourceSpec = z.output<typeof customSourceSchema>;
export type FieldsSpec = NonNullable<CustomSourceSpec['fields']>;
