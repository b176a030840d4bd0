/** The phases of a run from the first to the last, with the work of each: what `progress` tells of a run as a whole. Pure. */
import { methods } from '../config/methods.js';
import type { Spec } from '../config/spec.js';
import type { PlannedPhase } from '../monitoring/wholeRun.js';
import { methodsOf } from './planMemory.js';
import { countRounds } from './selections.js';

/** Questions in each set. */
export interface Questions {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Preparation and report are left out: they take no time beside the others. */
export function planPhases(spec: Spec, questions: Questions): readonly PlannedPhase[] {
  const { train, validation, test } = questions;
  const { rewardModel, evaluation } = spec;
  const { samplesPerQuestion, everyRounds } = evaluation;
  // The method before the baseline that trains beside it.
  const trained = [...methodsOf(spec)].sort((a, b) => Number(a === 'sft') - Number(b === 'sft'));
  const trainings = trained.flatMap((method, index) => {
    const settings = spec[methods[method].section];
    if (settings === null) return [];
    const step = { phase: methods[method].phase, isBeside: index > 0 };
    if (!('questionsPerRound' in settings)) {
      const samples = 'samplesPerQuestion' in settings ? settings.samplesPerQuestion : 0;
      return [{ ...step, work: (samples + settings.epochs) * train + settings.epochs * validation }];
    }
    const passes = 'ppoEpochs' in settings ? settings.ppoEpochs : settings.epochsPerRound;
    const answers = settings.epochs * train * settings.samplesPerQuestion;
    const validations = Math.ceil(countRounds(settings, train) / everyRounds);
    return [{ ...step, work: answers * (1 + passes) + validations * validation }];
  });
  const isReranked = rewardModel !== null && samplesPerQuestion > 0;
  const models = 1 + trainings.length;
  return [
    { phase: 'warm-up', work: spec.warmUp.epochs * train + validation, isBeside: false },
    ...trainings,
    // Samples of the warm-up and of the final model.
    ...(isReranked
      ? [
          {
            phase: 'reward-model' as const,
            work: 2 * train * rewardModel.samplesPerQuestion * (1 + rewardModel.epochs),
            isBeside: false,
          },
        ]
      : []),
    { phase: 'evaluation', work: models * test * (1 + samplesPerQuestion * (isReranked ? 2 : 1)), isBeside: false },
  ];
}
