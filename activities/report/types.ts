/** What reports are made of beside the metrics of evaluations. */
import type { MethodName, TrainingPhase } from '../../workflows/config/methods.js';

/** A point of the report's curves. `phase` names the curve's stretch, `step` its x axis (epoch or round). */
export interface CurvePoint {
  readonly phase: 'warm-up' | TrainingPhase | 'reward-model';
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A sign that training by rewards goes wrong: shown wherever the run is, never stopping it. */
export interface TrainingWarning {
  readonly kind: WarningKind;
  /** What was seen when it was last seen, what it means, and what helps. */
  readonly message: string;
  /** First and last round, counted from 1, in which it was seen. */
  readonly from: number;
  readonly to: number;
}

export type WarningKind =
  | 'entropy-collapse'
  | 'kl-blow-up'
  | 'steps-too-large'
  | 'reward-hacking'
  | 'useless-critic'
  | 'mostly-truncated'
  | 'nothing-extracted';

/** How the training of one method from one warm-up with one seed went. */
export interface ComparedTraining {
  readonly model: MethodName;
  /** Seeds of both. */
  readonly warmUp: number;
  readonly seed: number;
  /** Epochs or rounds in all. */
  readonly done: number;
  /** After how many of them it was best on validation, and its accuracy there in percent. */
  readonly step: number;
  readonly accuracy: number;
  /** Of the last epoch or round, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly warnings: readonly TrainingWarning[];
}

/** Engine work, summed over tasks and steps; the token counts measure compute independent of the machine. */
export interface Work {
  readonly engineSeconds: number;
  readonly forwardTokens: number;
  readonly backwardTokens: number;
  readonly generatedTokens: number;
}
