/** A run's accuracies as text: one line, and a table for terminals. */
import Table from 'cli-table3';
import { measureNames, measureTitle } from '../../workflows/config/measures.js';
import { interval, percent } from '../../workflows/config/metricText.js';
import type { EvaluationMetrics, RunMetrics } from '../evaluation/types.js';
import { evaluatedModels, finalMetrics, measuresOf } from './metrics.js';

const confidence = 'Percent right on the test questions, with 95 % intervals.';

/** `warm-up 41.0 | SFT 51.7 | ReFT 65.2 | voting@8 … | … | upper bound@8 …`; what follows the models is the last one's. */
export function resultLine(metrics: RunMetrics): string {
  const models = evaluatedModels(metrics).map((model) => `${model.name} ${percent(model.metrics.top1.percent)}`);
  const final = finalMetrics(metrics);
  const measures = measuresOf(metrics).slice(1);
  const others = measures.flatMap((measure) => {
    const accuracy = measure.accuracyOf(final);
    return accuracy === undefined ? [] : [`${measure.name} ${percent(accuracy.percent)}`];
  });
  return [...models, ...others].join(' | ');
}

/** A column a model, a row a measure; about 80 characters wide, without colours. */
export function resultTable(metrics: RunMetrics): string {
  const models = evaluatedModels(metrics);
  const table = new Table({
    head: ['', ...models.map((model) => model.name)],
    colAligns: ['left', ...models.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const measure of measuresOf(metrics)) {
    const cells = models.map((model) => {
      const accuracy = measure.accuracyOf(model.metrics);
      return accuracy === undefined ? '' : `${percent(accuracy.percent)} (${interval(accuracy)})`;
    });
    table.push([measure.name, ...cells]);
  }
  return `${table.toString()}\n${confidence}`;
}

/** `greedy 65.2 | voting@8 … | pass@1 … | pass@8 …`, of one model. */
export function evaluationLine(metrics: EvaluationMetrics): string {
  const measured = measureNames.flatMap((name) => {
    const accuracy = metrics[name];
    return accuracy === undefined ? [] : [`${measureTitle(name, metrics.samples)} ${percent(accuracy.percent)}`];
  });
  return [...measured, ...passAtOf(metrics).map(({ k, percent: share }) => `pass@${k} ${percent(share)}`)].join(' | ');
}

/** None where greedy answers are all there is. */
function passAtOf({ passAt = [] }: EvaluationMetrics): NonNullable<EvaluationMetrics['passAt']> {
  return passAt;
}

/** A row a measure of one model, then pass@k. */
export function evaluationTable(metrics: EvaluationMetrics): string {
  const table = new Table({ colAligns: ['left', 'right', 'right'], style: { border: [], compact: true } });
  for (const name of measureNames) {
    const accuracy = metrics[name];
    if (accuracy) table.push([measureTitle(name, metrics.samples), percent(accuracy.percent), interval(accuracy)]);
  }
  for (const { k, percent: share } of passAtOf(metrics)) table.push([`pass@${k}`, percent(share), '']);
  return `${table.toString()}\n${confidence}`;
}
