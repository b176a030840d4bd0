/** Which checkpoint of a training counts: the one that answers most validation questions right, greedily. */

import type { PreparedData } from '../../activities/data/types.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import type { Spec } from '../config/spec.js';
import { addWork, type Journal } from '../monitoring/journal.js';
import { answerQuestions } from './rollout.js';

/** A checkpoint with its validation accuracy in percent, after `step` epochs or rounds. */
export interface Measured {
  readonly checkpoint: CheckpointRef;
  readonly accuracy: number;
  readonly step: number;
}

/** How far a training is: the newest checkpoint, and the best so far (at first the one it started from). */
export interface Training {
  readonly done: number;
  readonly checkpoint: CheckpointRef;
  readonly best: Measured;
  /** Validations in a row, up to the newest, none better than those before. */
  readonly withoutGain: number;
}

/** Share of validation questions answered right, in percent. */
export async function measureAccuracy(
  journal: Journal,
  run: { readonly spec: Spec; readonly data: PreparedData },
  checkpoint: CheckpointRef,
  label: string,
): Promise<number> {
  const answers = await answerQuestions({
    ...run,
    checkpoint,
    questions: run.data.validation,
    samples: 1,
    temperature: 0,
    purpose: 'rollout',
    round: 0,
    label,
  });
  addWork(journal, 'validation', answers.work);
  return (100 * answers.correct) / answers.count;
}

/** One unit further: of equally good checkpoints the later, which has trained longer, is kept. */
export function trainedOn(training: Training, checkpoint: CheckpointRef, accuracy?: number): Training {
  const { best, withoutGain } = training;
  const done = training.done + 1;
  if (accuracy === undefined) return { ...training, done, checkpoint };
  return {
    done,
    checkpoint,
    best: accuracy >= best.accuracy ? { checkpoint, accuracy, step: done } : best,
    withoutGain: accuracy > best.accuracy ? 0 : withoutGain + 1,
  };
}

/** Whether a training has gone on for as many validations without gain as the specification has patience for. */
export function isExhausted({ withoutGain }: Training, { evaluation: { patience } }: Spec): boolean {
  return patience !== null && withoutGain >= patience;
}
