/**
 * The loop of every method that learns from its own answers: rounds of sampling answers, scoring them and updating the model,
 * validated every so often, the best checkpoint kept.
 */

import type { MemoryBudget } from '../../activities/engine/training/memoryBudget.js';
import type { Work } from '../../activities/report/types.js';
import type { RoundNeeds } from '../../activities/retention/notes.js';
import type { CheckpointRef } from '../../activities/store/types.js';
import type { DynamicSampling } from '../config/algorithms.js';
import type { TrainingPhase } from '../config/methods.js';
import { addWork, beginPhase, finishUnit, isStopped, noteShortage } from '../monitoring/journal.js';
import { showProgress } from '../monitoring/progress.js';
import { setRoundGauges } from '../monitoring/roundGauges.js';
import { roundMetrics } from '../monitoring/roundMetrics.js';
import { watchRound } from '../monitoring/warnings.js';
import { drawRound } from '../steps/dynamicSampling.js';
import type { Answers } from '../steps/rollout.js';
import { countRounds, type RoundsSpec, selectRound } from '../steps/selections.js';
import { isExhausted, trainedOn, validate } from '../steps/validate.js';
import { type MethodState, needsOf, type SharedStart } from './method.js';

/** One round, 0-based, as an update sees it. */
export interface Round {
  readonly checkpoint: CheckpointRef;
  /** Answers to the round's questions, sampled from `checkpoint` and scored. */
  readonly answers: Answers;
  readonly round: number;
  readonly rounds: number;
  readonly needs: RoundNeeds;
  /** What the UI's timeline calls the update. */
  readonly summary: string;
}

export interface RoundUpdate {
  readonly checkpoint: CheckpointRef;
  readonly metrics: Readonly<Record<string, number>>;
  readonly work: Work;
  readonly halvedMemory?: MemoryBudget;
}

export interface RoundMethod {
  readonly phase: TrainingPhase;
  /** Read anew each round, since hyperparameters may change. */
  readonly rounds: () => RoundsSpec;
  /** Whether questions that tell nothing are replaced; read anew as well. */
  readonly dynamicSampling: () => DynamicSampling | null;
  readonly update: (round: Round) => Promise<RoundUpdate>;
}

/** Runs the rounds that are left, and returns the best checkpoint: at worst the warm-up itself. */
export async function trainInRounds(
  run: MethodState,
  { data, start }: SharedStart,
  safePoint: () => Promise<void>,
  method: RoundMethod,
) {
  const { journal } = run;
  const rounds = countRounds(method.rounds(), data.train.count);
  const phase = beginPhase(journal, method.phase, 'round', rounds);
  showProgress(journal);
  run.training ??= { done: 0, checkpoint: start.checkpoint, best: start, withoutGain: 0 };
  while (run.training.done < rounds) {
    if (isExhausted(run.training, run.spec)) break;
    await safePoint();
    if (isStopped(journal, phase)) break;
    const { done, checkpoint } = run.training;
    const { spec } = run;
    const settings = method.rounds();
    const place = `${done + 1}/${rounds}`;

    const { answers, metrics: drawn } = await drawRound(
      {
        journal,
        spec,
        data,
        checkpoint,
        questions: data.train,
        selection: selectRound(settings, data.train.count, done, run.chosen?.levels),
        samples: settings.samplesPerQuestion,
        temperature: 1,
        purpose: 'rollout',
        round: done,
        label: place,
      },
      method.dynamicSampling(),
    );
    addWork(journal, `${method.phase} rollout`, answers.work);
    const [scored] = answers.scored;
    if (scored) journal.latestAnswers = { round: done + 1, questions: data.train, scored };
    const update = await method.update({
      checkpoint,
      answers,
      round: done,
      rounds,
      needs: needsOf(run, run.training),
      summary: `update ${place}`,
    });
    addWork(journal, `${method.phase} update`, update.work);
    noteShortage(journal, `update ${place}`, update.halvedMemory);

    const step = done + 1;
    const metrics: Record<string, number> = {
      ...roundMetrics(answers, phase.metrics),
      ...update.metrics,
      ...drawn,
    };
    if (step % spec.evaluation.everyRounds === 0 || step === rounds) {
      const validation = await validate(journal, { spec, data }, update.checkpoint, `validation, round ${place}`);
      journal.accuracy = validation.accuracy;
      Object.assign(metrics, validation.metrics);
    }
    run.training = trainedOn(run.training, update.checkpoint, metrics.validationAccuracy);
    journal.points.push({ phase: method.phase, step, metrics });
    journal.watch = watchRound(journal.watch, step, metrics, data.answerKind);
    setRoundGauges(method.phase, step, metrics, journal.watch.warnings);
    finishUnit(phase, { ...metrics, bestValidationAccuracy: run.training.best.accuracy });
    showProgress(journal);
  }
  return run.training.best;
}
