/** How long a run may take, from what another one took: each kind of work grows with what is asked of it. Pure. */
import type { Work } from '../../activities/report/types.js';
import { methods } from '../../workflows/config/methods.js';
import type { Spec } from '../../workflows/config/spec.js';
import { unitsOf } from './plannedUnits.js';

/** Questions in each set. */
export interface QuestionCounts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

export interface MeasuredRun {
  readonly id: string;
  readonly spec: Spec;
  readonly data: QuestionCounts;
  readonly work: Readonly<Record<string, Work>>;
  /** From start to end, what is not the engine's included. */
  readonly seconds: number;
}

/** The engine's time by kind of work, each in proportion to its answers or questions; the rest in proportion to the engine's. */
export function estimateSeconds(spec: Spec, data: QuestionCounts, measured: MeasuredRun): number {
  const [planned, known] = [amounts(spec, data), amounts(measured.spec, measured.data)];
  let [before, after] = [0, 0];
  for (const [kind, { engineSeconds }] of Object.entries(measured.work)) {
    const [wanted, had] = [planned[kind], known[kind]];
    before += engineSeconds;
    after += engineSeconds * (wanted !== undefined && had ? wanted / had : 1);
  }
  return before > 0 ? (measured.seconds * after) / before : measured.seconds;
}

/** By kind of work, as a run's `work` names them. */
function amounts(spec: Spec, { train, validation, test }: QuestionCounts): Record<string, number> {
  const units = unitsOf(spec, train);
  const trainings = units.flatMap(({ method, epochs }) => {
    const { phase } = methods[method];
    const amount = epochs * train;
    return [phase, `${phase} rollout`, `${phase} update`].map((kind) => [kind, amount] as const);
  });
  const { samplesPerQuestion } = spec.evaluation;
  return {
    ...Object.fromEntries(trainings),
    'warm-up': spec.warmUp.epochs * train,
    difficulty: spec.difficulty === null ? 0 : spec.difficulty.samplesPerQuestion * train,
    validation: units.reduce((sum, one) => sum + one.units, 1) * validation,
    // Greedy answers of each model, and the final one's samples.
    evaluation: test * (units.length + 1 + samplesPerQuestion),
  };
}
