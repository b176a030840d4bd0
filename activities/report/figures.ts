/** A run's accuracies in the order and under the names that every table and chart shows. */

import { measureMeaning, measureNames, measureTitle, modelTitle } from '../../workflows/config/measures.js';
import { methodNames } from '../../workflows/config/methods.js';
import { interval, percent } from '../../workflows/config/metricText.js';
import type { Accuracy, EvaluationFigures, RunFigures } from '../evaluation/types.js';
import type { IntervalGroup } from './intervalChart.js';

export interface EvaluatedModel {
  readonly id: keyof RunFigures;
  readonly name: string;
  readonly figures: EvaluationFigures;
}

/** One way of turning a model's answers into one answer, and how often it is right. */
export interface Measure {
  readonly name: string;
  /** What it does, in a sentence. */
  readonly meaning: string;
  accuracyOf(figures: EvaluationFigures): Accuracy | undefined;
}

/** The models a run has evaluated: the warm-up, the baseline, the model the run was made for. */
export function evaluatedModels(figures: RunFigures): EvaluatedModel[] {
  return [
    { id: 'warmUp', name: modelTitle('warmUp'), figures: figures.warmUp },
    ...methodNames.flatMap((id) => {
      const found = figures[id];
      return found === undefined ? [] : [{ id, name: modelTitle(id), figures: found }];
    }),
  ];
}

/** The model the run was made for. */
export function finalFigures(figures: RunFigures): EvaluationFigures {
  return evaluatedModels(figures).at(-1)?.figures ?? figures.warmUp;
}

/** Those measures that at least one model has. */
export function measuresOf(figures: RunFigures): Measure[] {
  const { samples } = finalFigures(figures);
  const all = measureNames.map(
    (name): Measure => ({
      name: measureTitle(name, samples),
      meaning: measureMeaning(name, samples),
      accuracyOf: (model) => model[name],
    }),
  );
  const models = evaluatedModels(figures);
  return all.filter((measure) => models.some((model) => measure.accuracyOf(model.figures) !== undefined));
}

/** The chart's rows: a group a measure, a row a model. */
export function intervalGroups(models: readonly EvaluatedModel[], measures: readonly Measure[]): IntervalGroup[] {
  return measures.map((measure) => ({
    name: measure.name,
    rows: models.flatMap(({ id, name, figures }) => {
      const accuracy = measure.accuracyOf(figures);
      if (accuracy === undefined) return [];
      const share = `${percent(accuracy.percent)} % (${interval(accuracy)}), ${accuracy.correct} of ${accuracy.count}`;
      return [{ ...accuracy, colour: id, detail: `${name}, ${measure.name}: ${share}` }];
    }),
  }));
}
