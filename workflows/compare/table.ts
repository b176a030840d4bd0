/** A comparison's table as Markdown for Temporal's UI: lists, because the headers of a table would run together there. */
import type { ComparedModel, ComparisonMetrics } from '../../activities/evaluation/types.js';
import type { TrainingWarning } from '../../activities/report/types.js';
import type { CompareSpec } from '../config/compare.js';
import { measureNames, measureTitle, modelTitle } from '../config/measures.js';
import type { MethodName } from '../config/methods.js';
import { differenceText, interval, meanAndSpread, seedsText } from '../config/metricText.js';
import { describeWarning } from '../monitoring/warnings.js';
import { type ComparisonState, memberKey, seedsOf } from './state.js';

/** While it is under way, a line a model: mean and standard deviation of the seeds so far. */
export function tableSoFar(spec: CompareSpec, state: ComparisonState): string[] {
  const models: readonly ComparedModel[] = ['warmUp', ...spec.methods];
  const rows = models.flatMap((model) => {
    const metrics = seedsOf(spec, model)
      .map((seed) => state.evaluated[memberKey(seed, model)]?.metrics)
      .filter((one) => one !== undefined);
    const [first] = metrics;
    if (first === undefined) return [];
    const cells = measureNames.flatMap((measure) => {
      const values = metrics.map((one) => one[measure]?.percent).filter((percent) => percent !== undefined);
      return values.length === 0
        ? []
        : [`${measureTitle(measure, first.samples)} ${meanAndSpread(statisticsOf(values))}`];
    });
    return [`- **${modelTitle(model)}** (${seedsText(model === 'warmUp' ? 0 : metrics.length)}): ${cells.join(', ')}`];
  });
  return [...rows, ...remarks(spec, state)];
}

/** At its end: the same with intervals, then a line for each two models, under every measure. */
export function finalTable(spec: CompareSpec, state: ComparisonState, metrics: ComparisonMetrics): string[] {
  const { measures, samples, pairs } = metrics;
  const rows = metrics.rows.map((row) => {
    const cells = row.measures.map(
      (found) => `${measureTitle(found.measure, samples)} ${meanAndSpread(found)} (${interval(found)})`,
    );
    return `- **${modelTitle(row.model)}** (${seedsText(row.seeds.length)}): ${cells.join(', ')}`;
  });
  const compared = new Map<string, string[]>();
  for (const measure of measures)
    for (const pair of pairs.filter((one) => one.measure === measure)) {
      const name = `${modelTitle(pair.a)} less ${modelTitle(pair.b)}`;
      const cell = `${measureTitle(measure, samples)} ${differenceText(pair)}`;
      const cells = compared.get(name);
      if (cells) cells.push(cell);
      else compared.set(name, [cell]);
    }
  const differences = [...compared].map(([name, cells]) => `- **${name}**: ${cells.join('; ')}`);
  const explanation =
    '- Percent right, with 95 % bootstrap intervals; p of the exact paired permutation test on the same questions, corrected by Holm';
  return [...rows, ...differences, explanation, ...remarks(spec, state)];
}

/** Signs of collapse in its trainings, and what failed. */
function remarks(spec: CompareSpec, state: ComparisonState): string[] {
  const warnings = spec.methods.flatMap((method) =>
    spec.seeds.flatMap((seed) =>
      warningsAbout(state, seed, method).map(
        (warning) => `- ⚠ **Warning**, ${modelTitle(method)}, seed ${seed}, ${describeWarning(warning)}`,
      ),
    ),
  );
  const failures = state.failures.map(({ child, message }) => `- **Failed**: ${child}: ${message}`);
  return [...warnings, ...failures];
}

/** None of a training that is not done. */
function warningsAbout(state: ComparisonState, seed: number, method: MethodName): readonly TrainingWarning[] {
  const trained = state.trained[memberKey(seed, method)];
  return trained === undefined ? [] : trained.warnings;
}

/** No standard deviation of a single value. */
function statisticsOf(values: readonly number[]): { readonly mean: number; readonly standardDeviation?: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, standardDeviation: Math.sqrt(variance) };
}
