/** The loop of every method that trains on annotated answers: epochs, each validated, the best kept. */

import type { DataSetRef } from '../../activities/data/types.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import type { TrainSupervisedInput } from '../../activities/trainSupervised.js';
import type { TrainingPhase } from '../config/methods.js';
import type { SupervisedSpec } from '../config/supervised.js';
import { addWork, beginPhase, finishUnit, isStopped, noteShortage } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { engine } from '../steps/activities.js';
import { isExhausted, type Measured, trainedOn, validate } from '../steps/validate.js';
import { type MethodState, needsOf, type SharedStart } from './method.js';

export interface EpochMethod {
  readonly phase: TrainingPhase;
  /** What the UI's timeline calls it. */
  readonly title: string;
  readonly settings: SupervisedSpec;
  readonly train: DataSetRef;
  /** The model it starts from. */
  readonly from: CheckpointRef;
  /** The checkpoint to beat, which is the result where no epoch does. */
  readonly beat: Measured;
  /** What its order of examples is drawn for. */
  readonly purpose: TrainSupervisedInput['purpose'];
}

/** Runs the epochs that are left, and returns the best checkpoint. */
export async function trainInEpochs(
  run: MethodState,
  { data }: SharedStart,
  safePoint: () => Promise<void>,
  { phase: name, title, settings, train, from, beat, purpose }: EpochMethod,
): Promise<Measured> {
  const { journal, spec } = run;
  const phase = beginPhase(journal, name, 'epoch', settings.epochs);
  showProgress(journal);
  run.training ??= { done: 0, checkpoint: from, best: beat, withoutGain: 0 };
  while (run.training.done < settings.epochs) {
    if (isExhausted(run.training, spec)) break;
    await safePoint();
    if (isStopped(journal, phase)) break;
    const { done, checkpoint } = run.training;
    const place = `${title} epoch ${done + 1}/${settings.epochs}`;
    const { epochs, batchSize, optimiser } = settings;
    const trained = await engine.trainSupervised.executeWithOptions({ summary: place }, [
      {
        epochs,
        batchSize,
        optimiser,
        checkpoint,
        train,
        seed: spec.seed,
        purpose,
        epoch: done,
        needs: needsOf(run, run.training),
        freshOptimiser: done === 0,
        memory: journal.budget,
      },
    ]);
    addWork(journal, name, trained.work);
    noteShortage(journal, place, trained.halvedMemory);
    const { accuracy, metrics: validation } = await validate(
      journal,
      { spec, data },
      trained.checkpoint,
      `validation, ${place}`,
    );
    run.training = trainedOn(run.training, trained.checkpoint, accuracy);

    const metrics = { loss: trained.loss, gradientNorm: trained.gradientNorm, ...trained.scaling, ...validation };
    journal.points.push({ phase: name, step: done + 1, metrics });
    journal.accuracy = accuracy;
    finishUnit(phase, { ...metrics, bestValidationAccuracy: run.training.best.accuracy });
    showProgress(journal);
  }
  return run.training.best;
}
