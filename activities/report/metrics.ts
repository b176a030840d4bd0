/** A run's accuracies in the order and under the names that every table and chart shows. */

import { measureMeaning, measureNames, measureTitle, modelTitle } from '../../workflows/config/measures.js';
import { methodNames } from '../../workflows/config/methods.js';
import { interval, percent } from '../../workflows/config/metricText.js';
import type { Accuracy, EvaluationMetrics, RunMetrics } from '../evaluation/types.js';
import { at } from '../invariant.js';
import type { IntervalGroup } from './intervalChart.js';

export interface EvaluatedModel {
  readonly id: keyof RunMetrics;
  readonly name: string;
  readonly metrics: EvaluationMetrics;
}

/** One way of turning a model's answers into one answer, and how often it is right. */
export interface Measure {
  readonly name: string;
  /** What it does, in a sentence. */
  readonly meaning: string;
  accuracyOf(metrics: EvaluationMetrics): Accuracy | undefined;
}

/** The models a run has evaluated: the warm-up, the baseline, the model the run was made for. */
export function evaluatedModels(metrics: RunMetrics): EvaluatedModel[] {
  return [
    { id: 'warmUp', name: modelTitle('warmUp'), metrics: metrics.warmUp },
    ...methodNames.flatMap((id) => {
      const found = metrics[id];
      return found === undefined ? [] : [{ id, name: modelTitle(id), metrics: found }];
    }),
  ];
}

/** The model the run was made for. */
export function finalMetrics(metrics: RunMetrics): EvaluationMetrics {
  return at(evaluatedModels(metrics), -1).metrics;
}

/** Those measures that at least one model has. */
export function measuresOf(metrics: RunMetrics): Measure[] {
  const { samples } = finalMetrics(metrics);
  const all = measureNames.map(
    (name): Measure => ({
      name: measureTitle(name, samples),
      meaning: measureMeaning(name, samples),
      accuracyOf: (model) => model[name],
    }),
  );
  const models = evaluatedModels(metrics);
  return all.filter((measure) => models.some((model) => measure.accuracyOf(model.metrics) !== undefined));
}

/** The chart's rows: a group a measure, a row a model. */
export function intervalGroups(models: readonly EvaluatedModel[], measures: readonly Measure[]): IntervalGroup[] {
  return measures.map((measure) => ({
    name: measure.name,
    rows: models.flatMap(({ id, name, metrics }) => {
      const accuracy = measure.accuracyOf(metrics);
      if (accuracy === undefined) return [];
      const share = `${percent(accuracy.percent)} % (${interval(accuracy)}), ${accuracy.correct} of ${accuracy.count}`;
      return [{ ...accuracy, colour: id, detail: `${name}, ${measure.name}: ${share}` }];
    }),
  }));
}
