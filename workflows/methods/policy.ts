/**
 * Every method that learns from rewards: rounds of sampled and scored answers, and an update by its algorithm
 * (`activities/engine/rl`). ReFT's own is PPO.
 */
import { partSettings } from '../config/algorithms.js';
import { methods, type PolicyMethodName } from '../config/methods.js';
import { engine } from '../steps/activities.js';
import { settingsOf, type TrainMethod } from './method.js';
import { trainInRounds } from './rounds.js';

export function trainPolicy(method: PolicyMethodName): TrainMethod {
  const { algorithm: name, phase } = methods[method];
  return (run, shared, safePoint) =>
    trainInRounds(run, shared, safePoint, {
      phase,
      rounds: () => settingsOf(run.spec, method),
      update: ({ checkpoint, answers, round, rounds, summary }) => {
        const { rounds: settings, algorithm } = partSettings(name, settingsOf(run.spec, method));
        return engine.updatePolicy.executeWithOptions({ summary }, [
          {
            checkpoint,
            reference: shared.start.checkpoint,
            train: shared.data.train,
            scored: answers.scored,
            algorithm,
            settings,
            maxAnswerTokens: run.spec.generation.maxAnswerTokens,
            seed: run.spec.seed,
            round,
            rounds,
            freshOptimiser: round === 0,
          },
        ]);
      },
    });
}
