/**
 * GRPO and RLOO: several answers to each question, compared with each other instead of with a critic. GRPO takes the mean of a
 * question's rewards as the baseline, RLOO the mean of the other answers' rewards.
 */
import { engine } from '../steps/activities.js';
import { type MethodInput, type MethodResult, type MethodState, settingsOf, type TrainMethod } from './method.js';
import { trainInRounds } from './rounds.js';
import { asWorkflow } from './training.js';

function trainByGroups(method: 'grpo' | 'rloo', baseline: 'group' | 'leave-one-out'): TrainMethod {
  return (run, shared, safePoint) =>
    trainInRounds(run, shared, safePoint, {
      phase: method,
      rounds: () => settingsOf(run.spec, method),
      update: async ({ checkpoint, answers, round, rounds, summary }) => {
        const { metrics, ...update } = await engine.updateGroupPolicy.executeWithOptions({ summary }, [
          {
            checkpoint,
            reference: shared.start.checkpoint,
            train: shared.data.train,
            scored: answers.scored,
            baseline,
            settings: settingsOf(run.spec, method),
            maxAnswerTokens: run.spec.generation.maxAnswerTokens,
            seed: run.spec.seed,
            round,
            rounds,
            freshOptimiser: round === 0,
          },
        ]);
        return { ...update, metrics: { ...metrics } };
      },
    });
}

export const trainGrpo = trainByGroups('grpo', 'group');
export const trainRloo = trainByGroups('rloo', 'leave-one-out');

export async function continueGrpo(input: MethodInput, carried?: MethodState): Promise<MethodResult> {
  return asWorkflow(trainGrpo, input, carried);
}

export async function continueRloo(input: MethodInput, carried?: MethodState): Promise<MethodResult> {
  return asWorkflow(trainRloo, input, carried);
}
