/**
 * `result.json`, what a finished run leaves for programs to read: its specification, metrics and where its files lie.
 *
 * It holds no times of day and no paths, so two runs that trained alike leave alike files (their ids and keys aside).
 */
import { z } from 'zod';
import { methodNames } from '../../workflows/config/methods.js';
import type { Accuracy, EvaluationMetrics, RunMetrics } from '../evaluation/types.js';
import { formats, versionOf } from '../formats.js';
import type { DataSummary } from './data.js';
import type { DifficultySummary } from './difficulty.js';
import type { CurvePoint, TrainingWarning, Work } from './types.js';

const count = z.int().min(0);
const percentage = z.number().min(0).max(100);

const accuracySchema: z.ZodType<Accuracy> = z.strictObject({
  percent: percentage,
  low: percentage,
  high: percentage,
  correct: count,
  count,
});

const evaluationMetricsSchema = z.strictObject({
  top1: accuracySchema,
  voting: accuracySchema.optional(),
  reranking: accuracySchema.optional(),
  weightedVoting: accuracySchema.optional(),
  upperBound: accuracySchema.optional(),
  passAt: z.array(z.strictObject({ k: count, percent: percentage })).optional(),
  samples: count,
  rewardParts: z.record(z.string(), z.number()).optional(),
}) as z.ZodType<EvaluationMetrics>;

const dataSummarySchema: z.ZodType<DataSummary> = z.strictObject({
  train: count,
  validation: count,
  test: count,
  files: z.array(z.strictObject({ name: z.string(), sha256: z.string(), rows: count })),
  dropped: z.record(z.string(), z.strictObject({ count, examples: z.array(z.string()) })),
});

const difficultySchema: z.ZodType<DifficultySummary> = z.strictObject({
  samplesPerQuestion: count,
  min: z.number(),
  max: z.number(),
  order: z.enum(['random', 'easy-first']),
  measured: count,
  kept: count,
  histogram: z.array(count),
  passRates: z.strictObject({ key: z.string(), sha256: z.string(), bytes: count }),
});

const workSchema: z.ZodType<Work> = z.strictObject({
  engineSeconds: z.number(),
  forwardTokens: z.number(),
  backwardTokens: z.number(),
  generatedTokens: z.number(),
});

const warningSchema = z.strictObject({
  kind: z.string(),
  message: z.string(),
  from: count,
  to: count,
}) as z.ZodType<unknown> as z.ZodType<TrainingWarning>;

const curvePointSchema = z.strictObject({
  phase: z.string(),
  step: count,
  metrics: z.record(z.string(), z.number()),
}) as z.ZodType<unknown> as z.ZodType<CurvePoint>;

export const publishedResultSchema = z.strictObject({
  version: z.literal(versionOf(formats.publishedRun)),
  runId: z.string(),
  title: z.string(),
  spec: z.unknown(),
  metrics: z.strictObject({
    warmUp: evaluationMetricsSchema,
    ...Object.fromEntries(methodNames.map((name) => [name, evaluationMetricsSchema.optional()])),
  }) as z.ZodType<RunMetrics>,
  /** The final model's checkpoint: equal hashes mean equal training, to the last bit. */
  checkpoint: z.strictObject({ sha256: z.string(), step: count }),
  /** Questions by set, the files they came from, and rows left out by reason with the first few named. */
  data: dataSummarySchema,
  /** Pass rates of the training questions, where some of them were chosen by it. */
  difficulty: difficultySchema.exactOptional(),
  /** Engine work by phase. */
  work: z.record(z.string(), workSchema),
  notes: z.array(z.string()),
  /** Runs that this one was branched from, oldest first. */
  lineage: z.array(z.strictObject({ run: z.string(), round: count, checkpoint: z.string() })),
  /** Signs of collapse while training. */
  warnings: z.array(warningSchema),
  /** The metrics of every epoch and round. */
  curve: z.array(curvePointSchema),
  bucket: z.string(),
  /** S3 keys; `model` is the folder of a Hugging Face model. */
  keys: z.strictObject({ model: z.string(), report: z.string(), result: z.string(), samples: z.string() }),
});

export type PublishedResult = z.output<typeof publishedResultSchema>;
