/** Which checkpoint of a training counts: the one that answers most validation questions right, greedily. */

import type { PreparedData } from '../../activities/data/types.js';
import { partMeans } from '../../activities/rewards/parts.js';
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

/** What a checkpoint makes of the validation questions, greedily. */
export interface Validation {
  /** Share of them answered right, in percent. */
  readonly accuracy: number;
  /** `validationAccuracy`, and `validationReward.<part>` for each part of the reward. */
  readonly metrics: Readonly<Record<string, number>>;
}

export async function validate(
  journal: Journal,
  run: { readonly spec: Spec; readonly data: PreparedData },
  checkpoint: CheckpointRef,
  label: string,
): Promise<Validation> {
  const answers = await answerQuestions({
    journal,
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
  const accuracy = (100 * answers.correct) / answers.count;
  return { accuracy, metrics: { validationAccuracy: accuracy, ...partMeans(answers.parts, 'validationReward.') } };
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
