/** The questions: where they come from, and how they and their answers are written. */
import { z } from 'zod';
import { answersOf, type DataSetName, dataSetNames, publishedSetNames } from '../../activities/data/sets/names.js';
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
  'a path (absolute, or from REFT_DATA_DIR on), s3://bucket/key, https://host/path, hf:org/name of the Hugging Face hub, or annotation:<id or sha256>, the rows of an annotation';

const fileLocationSchema = z
  .string()
  .max(2_000)
  .refine((from) => fileForms.some((form) => form.test(from)), { error: places })
  .describe(
    `Where the file lies: ${places}. Behind hf:org/name there may be a path: a configuration, a split of it (\`hf:org/name/main/train\`), or with a revision any file.`,
  );

const fileFormatSchema = z.enum(['json', 'jsonl', 'csv', 'tsv', 'parquet', 'xml']);

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
  test: z
    .union([dataFileSchema, z.number().gt(0).max(0.9)])
    .describe(
      'File of test questions, given like `train`. Or a share of the training file, such as 0.2: a question’s hash says where it belongs, so none moves when rows are added.',
    ),
  fields: z
    .strictObject({
      question: fieldName.describe(
        'Column of the question: a text, or a list of messages `{role, content}`, whose last one is the annotated answer where it is the assistant’s. Here and below a dot reaches into nested values: `extra.answer`, `messages.0.content`, of the last message `messages.-1.content`.',
      ),
      value: fieldName
        .optional()
        .describe(
          'Column of the right answer’s value: a number, an option’s letter or a text, as `answers` says. Left out, there is none: a reward of your own judges, and annotated answers stand as they are, without the line that states a value.',
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
    .refine(({ valueIndexFrom, value }) => valueIndexFrom === undefined || value !== undefined, {
      path: ['valueIndexFrom'],
      error: 'an index only with the column that has it (value)',
    })
    .optional()
    .describe(
      'Which column holds what. Rows as GSM8K, MathQA and the ReFT paper publish theirs are recognised without it.',
    ),
  answers: z
    .enum(['number', 'choice', 'text'])
    .optional()
    .describe(
      'What the right answers are: numbers, option letters or any text. How they are compared follows from it, unless `reward.comparison` says more. Left out, numbers; or texts, where most training rows have an answer without a digit and `reward.comparison` says nothing.',
    ),
  columns: z
    .array(fieldName)
    .min(1)
    .max(32)
    .optional()
    .describe(
      'Further columns for the reward, such as the unit tests of a task: verifiers and scorers get them as `columns` of the example, by the names given here.',
    ),
});

const mixturePartSchema = z.strictObject({
  source: z
    .union([z.enum(publishedSetNames), customSourceSchema])
    .describe('A published data set by its name, or files of your own.'),
  weight: z
    .number()
    .gt(0)
    .max(1_000_000)
    .optional()
    .describe(
      'Its part of the training questions, relative to the others’: they repeat where it has fewer, and are drawn by the seed where it has more. Left out, as in all others, each question is there once.',
    ),
  prompt: z
    .string()
    .max(10_000)
    .refine((prompt) => prompt.includes('{question}'), { error: 'a text with {question} in it' })
    .optional()
    .describe('How its questions are put: a text with `{question}` in it. Left out, the question alone.'),
  test: z.boolean().optional().describe('Whether its test questions are in the test set. Left out, they are.'),
});

const mixtureSchema = z
  .array(mixturePartSchema)
  .min(1)
  .max(32)
  .refine((parts) => new Set(parts.map(({ weight }) => weight === undefined)).size === 1, {
    error: 'a weight for each part, or for none',
  })
  .refine((parts) => parts.some(({ test }) => test !== false), { error: 'a part whose test is not false' })
  .refine((parts) => new Set(parts.map(({ source }) => answersOfSource(source))).size === 1, {
    error: 'parts whose answers are of one kind: numbers, option letters or texts',
  });

export const dataSchema = z.strictObject({
  source: z
    .union([z.enum(dataSetNames), customSourceSchema, mixtureSchema])
    .describe(
      'Where questions come from: `generated` word problems, number puzzles of `countdown`, a published data set in the folder REFT_DATA_DIR (paper, 4.1), files of your own, or a list of such to mix.',
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
  leakage: z
    .enum(['refuse', 'leaveOut', 'allow'])
    .optional()
    .describe(
      'What is done where a training question nearly is a test question (the same numbers, and most of the same words; those that are the same are always left out): `refuse` the data naming the rows, leave the rows out, or `allow` them with a note. Left out, `refuse` for files and mixtures, `allow` for a published data set, whose split is its authors’.',
    ),
  duplicates: z
    .enum(['keep', 'exact', 'near'])
    .optional()
    .describe(
      'Training questions that repeat an earlier one: `keep` them, as published; leave out those that are the same (`exact`), or also those that nearly are (`near`, of at most 200,000). Left out, `keep`.',
    ),
  pick: z
    .enum(['first', 'random'])
    .optional()
    .describe(
      'Which questions `train` takes of files that have more: the first rows, or drawn by the seed, a larger draw with all of a smaller one. Left out, `first`.',
    ),
  validation: z
    .union([count.max(100_000), z.number().gt(0).max(0.9)])
    .default(200)
    .describe(
      'Questions held out of the training questions: a count, chosen by the seed, or below 1 a share, by the questions’ hashes, so that none moves when rows are added. The best checkpoint is chosen on them, never on test questions.',
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

/** Where questions come from: a data set by its name, files, or a mixture of such. */
export type DataSource = DataSetName | CustomSourceSpec | readonly MixturePart[];

export function isMixture(source: DataSource): source is readonly MixturePart[] {
  return Array.isArray(source);
}

/** The sources of a mixture, or the only one. */
export function sourcesOf(source: DataSource): readonly (DataSetName | CustomSourceSpec)[] {
  return isMixture(source) ? source.map((part) => part.source) : [source];
}

/** What the right answers of a source are; of files that are not said what they have: numbers, until they are read. */
export function answersOfSource(source: DataSetName | CustomSourceSpec): ReturnType<typeof answersOf> {
  return typeof source === 'string' ? answersOf(source) : (source.answers ?? 'number');
}

export type MixturePart = z.output<typeof mixturePartSchema>;
export type DataSpec = z.output<typeof dataSchema>;
export type DataFileSpec = z.output<typeof dataFileSchema>;
export type FileFormat = z.output<typeof fileFormatSchema>;
export type CustomSourceSpec = z.output<typeof customSourceSchema>;
export type FieldsSpec = NonNullable<CustomSourceSpec['fields']>;
