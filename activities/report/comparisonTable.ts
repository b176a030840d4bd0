/** A comparison as text: a table for terminals, and the paired differences below it. */
import Table from 'cli-table3';
import { measureTitle, modelTitle } from '../../workflows/config/measures.js';
import { chanceText, countText, differenceText, interval, meanAndSpread } from '../../workflows/config/metricText.js';
import type { ComparedModel, ComparisonMetrics, PairMetrics } from '../evaluation/types.js';

/** A row a model, a column a measure: mean ± standard deviation over the trainings, with the mean's interval below. */
export function comparisonTable(metrics: ComparisonMetrics): string {
  const table = new Table({
    head: ['', ...metrics.measures.map((measure) => measureTitle(measure, metrics.samples).replace(' ', '\n'))],
    colAligns: ['left', ...metrics.measures.map(() => 'right' as const)],
    style: { head: [], border: [] },
  });
  for (const { model, trainings, measures } of metrics.rows) {
    const cells = metrics.measures.map((name) => {
      const found = measures.find(({ measure }) => measure === name);
      return found === undefined ? '' : `${meanAndSpread(found)}\n(${interval(found)})`;
    });
    table.push([`${modelTitle(model)}\n(${countText(model, trainings.length)})`, ...cells]);
  }
  return `${table.toString()}\n${explanation(metrics)}`;
}

/** How the table's numbers came about, in a few sentences. */
export function explanation(metrics: ComparisonMetrics): string {
  const counted = `Percent right on ${metrics.questions.toLocaleString('en')} test questions: mean ± standard deviation over the trainings, and the mean's 95 % interval.`;
  return `${counted} ${chanceText(metrics)}`;
}

/** `ReFT less SFT: 15.0 (12.1–18.0), p < 0.001`, greedily, for the model against each other one. */
export function differenceLines(metrics: ComparisonMetrics, model: ComparedModel): string[] {
  return metrics.pairs
    .filter(({ measure, a, b }) => measure === 'top1' && (a === model || b === model))
    .map((pair) => (pair.a === model ? pair : turned(pair)))
    .map((pair) => `${modelTitle(pair.a)} less ${modelTitle(pair.b)}: ${differenceText(pair)}`);
}

/** The same comparison with the models' places changed. */
function turned(pair: PairMetrics): PairMetrics {
  const { a, b, difference, low, high } = pair;
  return { ...pair, a: b, b: a, difference: -difference, low: -high, high: -low };
}

/** The model a comparison is about: ReFT where it takes part, otherwise its last. */
export function mainModel({ rows }: ComparisonMetrics): ComparedModel {
  const models = rows.map(({ model }) => model);
  return models.find((model) => model === 'reft') ?? models.at(-1) ?? 'warmUp';
}
