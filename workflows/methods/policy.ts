/**
 * Every method that learns from rewards: rounds of sampled and scored answers, and an update by its algorithm
 * (`activities/engine/rl`). ReFT's own is PPO.
 */
import { dynamicSamplingOf, partSettings } from '../config/algorithms.js';
import { methods, type PolicyMethodName } from '../config/methods.js';
import { engine } from '../steps/activities.js';
import { settingsOf, type TrainMethod } from './method.js';
import { trainInRounds } from './rounds.js';

export function trainPolicy(method: PolicyMethodName): TrainMethod {
  const { algorithm: name, phase } = methods[method];
  return (run, shared, safePoint) => {
    const { checkpoint: warmUp } = shared.start;
    const parts = () => partSettings(name, settingsOf(run.spec, method));
    return trainInRounds(run, shared, safePoint, {
      phase,
      rounds: () => settingsOf(run.spec, method),
      dynamicSampling: () => dynamicSamplingOf(parts().algorithm),
      update: ({ checkpoint, answers, round, rounds, needs, summary }) => {
        const { rounds: settings, algorithm } = parts();
        return engine.updatePolicy.executeWithOptions({ summary }, [
          {
            checkpoint,
            reference: warmUp,
            train: shared.data.train,
            scored: answers.scored,
            algorithm,
            settings,
            maxAnswerTokens: run.spec.generation.maxAnswerTokens,
            seed: run.spec.seed,
            round,
            rounds,
            needs,
            // Not by the round's number: rounds without an answer to train on leave the warm-up as it is.
            freshOptimiser: checkpoint.sha256 === warmUp.sha256,
            memory: run.journal.budget,
          },
        ]);
      },
    });
  };
}
