/** What a comparison knows between two children: small, plain JSON, carried whole through continue-as-new. */
import type { CheckpointRef, ComparedModel, EvaluationFigures, ObjectRef } from '../../activities/contracts.js';
import type { Measured } from '../checkpoints.js';
import { beginPhase, type Journal, openJournal } from '../journal.js';
import type { SharedStart } from '../methods/method.js';
import type { CompareSpec } from '../spec/compareSpec.js';
import { measureNames, measureTitle, modelTitle } from '../spec/measures.js';

export interface ComparisonState {
  readonly journal: Journal;
  /** By seed. */
  readonly starts: Record<string, SharedStart>;
  readonly judges: Record<string, CheckpointRef>;
  /** By `<seed> <model>`. */
  readonly trained: Record<string, Measured>;
  readonly evaluated: Record<string, { readonly figures: EvaluationFigures; readonly verdicts: ObjectRef }>;
  /** Children whose results were there already. */
  reused: number;
  failures: Failure[];
}

/** A child that failed; what depends on it is left out. */
export interface Failure {
  /** `ReFT, seed 3`. */
  readonly child: string;
  readonly message: string;
}

export function openComparison(): ComparisonState {
  return { journal: openJournal(), starts: {}, judges: {}, trained: {}, evaluated: {}, reused: 0, failures: [] };
}

/** The warm-up and the methods: the rows of the table. */
export function modelsOf({ methods: names }: CompareSpec): readonly ComparedModel[] {
  return ['warmUp', ...names];
}

/** The table so far as Markdown, a line a model: in Temporal's UI the headers of a table would run together. */
export function tableSoFar(spec: CompareSpec, state: ComparisonState): string[] {
  const rows = modelsOf(spec).flatMap((model) => {
    const figures = spec.seeds.flatMap((seed) => state.evaluated[memberKey(seed, model)]?.figures ?? []);
    const [first] = figures;
    if (first === undefined) return [];
    const cells = measureNames.flatMap((measure) => {
      const values = figures.flatMap((one) => one[measure]?.percent ?? []);
      return values.length === 0 ? [] : [`${measureTitle(measure, first.samples)} ${meanAndSpread(values)}`];
    });
    const seeds = figures.length === 1 ? '1 seed' : `${figures.length} seeds`;
    return [`- **${modelTitle(model)}** (${seeds}): ${cells.join(', ')}`];
  });
  const failures = state.failures.map(({ child, message }) => `- **Failed**: ${child}: ${message}`);
  return [...rows, ...failures];
}

export function memberKey(seed: number, model: ComparedModel): string {
  return `${seed} ${model}`;
}

/** `79.5 ± 1.2`, mean and standard deviation; of a single value itself. */
function meanAndSpread(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return mean.toFixed(1);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(1)} ± ${Math.sqrt(variance).toFixed(1)}`;
}

/** Children in all: for each seed a warm-up, a judge where samples are reranked, and per model a training and an evaluation. */
export function countChildren(spec: CompareSpec): number {
  return spec.seeds.length * (1 + (hasJudge(spec) ? 1 : 0) + 1 + 2 * spec.methods.length);
}

export function hasJudge({ run }: CompareSpec): boolean {
  return run.rewardModel !== null && run.evaluation.samplesPerQuestion > 0;
}

export function comparisonPhase(spec: CompareSpec, { journal }: ComparisonState) {
  return beginPhase(journal, 'comparison', 'step', countChildren(spec));
}
