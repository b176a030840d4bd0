/** A comparison's table as Markdown for Temporal's UI: lists, because the headers of a table would run together there. */
import type { ComparedModel, ComparisonMetrics } from '../../activities/evaluation/types.js';
import type { CompareSpec } from '../config/compare.js';
import { measureNames, measureTitle, modelTitle, trainingTitle } from '../config/measures.js';
import { chanceText, countText, differenceText, interval, meanAndSpread } from '../config/metricText.js';
import { describeWarning } from '../monitoring/warnings.js';
import { type ComparisonState, memberKey, trainedMembers, warmUpMembers } from './state.js';

/** While it is under way, a line a model: mean and standard deviation of the trainings so far. */
export function tableSoFar(spec: CompareSpec, state: ComparisonState): string[] {
  const members = [...warmUpMembers(spec), ...trainedMembers(spec)];
  const models: readonly ComparedModel[] = ['warmUp', ...spec.methods];
  const rows = models.flatMap((model) => {
    const metrics = members.flatMap((member) => {
      const evaluated = member.model === model ? state.evaluated[memberKey(member)] : undefined;
      return evaluated === undefined ? [] : [evaluated.metrics];
    });
    const [first] = metrics;
    if (first === undefined) return [];
    const cells = measureNames.flatMap((measure) => {
      const values = metrics.map((one) => one[measure]?.percent).filter((percent) => percent !== undefined);
      return values.length === 0
        ? []
        : [`${measureTitle(measure, first.samples)} ${meanAndSpread(statisticsOf(values))}`];
    });
    return [`- **${modelTitle(model)}** (${countText(model, metrics.length)}): ${cells.join(', ')}`];
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
    return `- **${modelTitle(row.model)}** (${countText(row.model, row.trainings.length)}): ${cells.join(', ')}`;
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
    '- Percent right, with 95 % intervals; p on the same questions by the same model, corrected by Holm.';
  return [...rows, ...differences, `${explanation} ${chanceText(metrics)}`, ...remarks(spec, state)];
}

/** Signs of collapse in its trainings, and what failed. */
function remarks(spec: CompareSpec, state: ComparisonState): string[] {
  const several = spec.warmUps.length > 1;
  const warnings = trainedMembers(spec).flatMap((member) => {
    const trained = state.trained[memberKey(member)];
    if (trained === undefined) return [];
    return trained.warnings.map(
      (warning) => `- ⚠ **Warning**, ${trainingTitle(member, several)}, ${describeWarning(warning)}`,
    );
  });
  const failures = state.failures.map(({ child, message }) => `- **Failed**: ${child}: ${message}`);
  return [...warnings, ...failures];
}

/** No standard deviation of a single value. */
function statisticsOf(values: readonly number[]): { readonly mean: number; readonly standardDeviation?: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, standardDeviation: Math.sqrt(variance) };
}
