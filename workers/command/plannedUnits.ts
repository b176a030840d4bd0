/** How many epochs or rounds a specification's trainings have. Pure. */
import { type MethodName, methods } from '../../workflows/config/methods.js';
import type { Spec } from '../../workflows/config/spec.js';
import { methodsOf } from '../../workflows/steps/planMemory.js';
import { countRounds } from '../../workflows/steps/selections.js';

export interface PlannedUnits {
  readonly method: MethodName;
  /** Passes over the training questions. */
  readonly epochs: number;
  /** Each is validated, and leaves a checkpoint. */
  readonly units: number;
}

/** @param questions for training */
export function unitsOf(spec: Spec, questions: number): readonly PlannedUnits[] {
  return methodsOf(spec).flatMap((method) => {
    const settings = spec[methods[method].section];
    if (settings === null) return [];
    const { epochs } = settings;
    const units = 'questionsPerRound' in settings ? countRounds(settings, questions) : epochs;
    return [{ method, epochs, units }];
  });
}
