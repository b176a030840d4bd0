/**
 * The baseline: supervised training continued from the warm-up, validated after each epoch, the best epoch kept.
 *
 * A workflow of its own, so that it shows as one in the UI and runs beside PPO; a run starts it as its child.
 */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { CurvePoint, PreparedData, Work } from '../activities/contracts.js';
import { engine } from './activityOptions.js';
import { better, type Measured, measureAccuracy, type Training } from './checkpoints.js';
import { addWork, beginPhase, type Controls, finishUnit, type Journal, openJournal } from './journal.js';
import { serveProgress, showProgress, whilePaused } from './progress.js';
import type { Spec, SupervisedSpec } from './spec/schema.js';

export interface ContinueSftInput {
  readonly spec: Spec;
  readonly sft: SupervisedSpec;
  readonly data: PreparedData;
  /** Where it starts from, and the checkpoint to beat. */
  readonly warmUp: Measured;
  readonly controls: Controls;
}

export interface ContinueSftResult {
  readonly best: Measured;
  readonly epochs: number;
  readonly points: readonly CurvePoint[];
  readonly work: Readonly<Record<string, Work>>;
}

/** Carried through continue-as-new. */
interface ContinueSftState {
  readonly journal: Journal;
  training: Training;
}

/** More points than a chart can show only make the history heavy. */
const mostPoints = 500;

export async function continueSft(input: ContinueSftInput, carried?: ContinueSftState): Promise<ContinueSftResult> {
  const { spec, sft, data, warmUp } = input;
  const state = carried ?? {
    journal: openJournal(input.controls),
    training: { done: 0, checkpoint: warmUp.checkpoint, best: warmUp },
  };
  const { journal } = state;
  serveProgress(journal);
  const phase = beginPhase(journal, 'sft', 'epoch', sft.epochs);
  showProgress(journal);

  while (state.training.done < sft.epochs) {
    await whilePaused(journal);
    if (journal.controls.stopping) break;
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof continueSft>(input, state);
    }

    const { done, checkpoint, best } = state.training;
    const place = `${done + 1}/${sft.epochs}`;
    const trained = await engine.trainSupervised.executeWithOptions({ summary: `SFT epoch ${place}` }, [
      {
        ...sft,
        checkpoint,
        train: data.train,
        seed: spec.seed,
        purpose: 'order-sft',
        epoch: done,
        freshOptimiser: done === 0,
      },
    ]);
    addWork(journal, 'sft', trained.work);
    const accuracy = await measureAccuracy(
      journal,
      { spec, data },
      trained.checkpoint,
      `validation, SFT epoch ${place}`,
    );
    const measured = { checkpoint: trained.checkpoint, accuracy, step: done + 1 };
    state.training = { done: done + 1, checkpoint: trained.checkpoint, best: better(best, measured) };

    const metrics = { loss: trained.loss, gradientNorm: trained.gradientNorm, validationAccuracy: accuracy };
    addPoint(journal, { phase: 'sft', step: done + 1, metrics });
    journal.accuracy = accuracy;
    finishUnit(phase, { ...metrics, bestValidationAccuracy: state.training.best.accuracy });
    showProgress(journal);
  }
  await condition(allHandlersFinished);
  return { best: state.training.best, epochs: state.training.done, points: journal.points, work: journal.work };
}

/** Halves the curve's resolution whenever it grows beyond what is worth keeping. */
function addPoint(journal: Journal, point: CurvePoint): void {
  journal.points.push(point);
  if (journal.points.length > mostPoints) journal.points = journal.points.filter((_, index) => index % 2 === 1);
}
