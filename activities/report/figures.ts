/** A run's accuracies in the order and under the names that every table and chart shows. */
import { methodNames, methods } from '../../workflows/spec/methods.js';
import type { Accuracy, EvaluationFigures, RunFigures } from '../contracts.js';

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
    { id: 'warmUp', name: 'warm-up', figures: figures.warmUp },
    ...methodNames.flatMap((id) => {
      const found = figures[id];
      return found === undefined ? [] : [{ id, name: methods[id].title, figures: found }];
    }),
  ];
}

/** The model the run was made for. */
export function finalFigures(figures: RunFigures): EvaluationFigures {
  return evaluatedModels(figures).at(-1)?.figures ?? figures.warmUp;
}

/** Those measures that at least one model has. */
export function measuresOf(figures: RunFigures): Measure[] {
  const samples = finalFigures(figures).samples;
  const all: Measure[] = [
    { name: 'greedy', meaning: 'The most likely token at each place.', accuracyOf: ({ top1 }) => top1 },
    {
      name: `voting@${samples}`,
      meaning: `The most frequent of ${samples} sampled answers.`,
      accuracyOf: ({ voting }) => voting,
    },
    {
      name: `reranking@${samples}`,
      meaning: `The one of ${samples} sampled answers that the reward model thinks best.`,
      accuracyOf: ({ reranking }) => reranking,
    },
    {
      name: `weighted voting@${samples}`,
      meaning: `Votes of ${samples} sampled answers, weighted by the reward model.`,
      accuracyOf: ({ weightedVoting }) => weightedVoting,
    },
    {
      name: `upper bound@${samples}`,
      meaning: `Any of ${samples} sampled answers is right.`,
      accuracyOf: ({ upperBound }) => upperBound,
    },
  ];
  const models = evaluatedModels(figures);
  return all.filter((measure) => models.some((model) => measure.accuracyOf(model.figures) !== undefined));
}

/** One decimal, as accuracies of some hundred questions deserve. */
export function percent(value: number): string {
  return value.toFixed(1);
}

/** `62.2–68.1`. */
export function interval({ low, high }: Accuracy): string {
  return `${percent(low)}–${percent(high)}`;
}
