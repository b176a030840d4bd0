/**
 * Supervised training on the model's own right answers, in rounds from the warm-up on: online self-training, which trains on the
 * annotated answers of the same questions as well, and expert iteration, which does not.
 */
import { engine } from '../steps/activities.js';
import { settingsOf, type TrainMethod } from './method.js';
import { trainInRounds } from './rounds.js';

/** @param annotatedShare of the loss; the reference's online self-training has one half. */
function trainOnSamples(method: 'online-self-training' | 'expert-iteration', annotatedShare: number): TrainMethod {
  return (run, shared, safePoint) =>
    trainInRounds(run, shared, safePoint, {
      phase: method,
      rounds: () => settingsOf(run.spec, method),
      dynamicSampling: () => null,
      update: ({ checkpoint, answers, round, rounds, needs, summary }) =>
        engine.trainOnSamples.executeWithOptions({ summary }, [
          {
            checkpoint,
            reference: shared.start.checkpoint,
            train: shared.data.train,
            scored: answers.scored,
            annotatedShare,
            settings: settingsOf(run.spec, method),
            seed: run.spec.seed,
            round,
            rounds,
            needs,
            // Not by the round's number: rounds with nothing right leave the warm-up as it is.
            freshOptimiser: checkpoint.sha256 === shared.start.checkpoint.sha256,
            memory: run.journal.budget,
          },
        ]),
    });
}

export const trainOnlineSelfTraining = trainOnSamples('online-self-training', 0.5);
export const trainExpertIteration = trainOnSamples('expert-iteration', 0);
