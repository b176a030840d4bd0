/** ReFT's own method, PPO: rewards with a KL penalty against the warm-up, a critic, several passes over a round's answers. */
import { engine } from '../steps/activities.js';
import { type MethodInput, type MethodResult, type MethodState, settingsOf, type TrainMethod } from './method.js';
import { trainInRounds } from './rounds.js';
import { asWorkflow } from './training.js';

export const trainPpo: TrainMethod = (run, shared, safePoint) =>
  trainInRounds(run, shared, safePoint, {
    phase: 'ppo',
    rounds: () => settingsOf(run.spec, 'reft'),
    update: async ({ checkpoint, answers, round, rounds, summary }) => {
      const { metrics, ...update } = await engine.updatePolicy.executeWithOptions({ summary }, [
        {
          checkpoint,
          reference: shared.start.checkpoint,
          train: shared.data.train,
          scored: answers.scored,
          ppo: settingsOf(run.spec, 'reft'),
          seed: run.spec.seed,
          round,
          rounds,
          freshOptimiser: round === 0,
        },
      ]);
      return { ...update, metrics: { ...metrics } };
    },
  });

export async function continuePpo(input: MethodInput, carried?: MethodState): Promise<MethodResult> {
  return asWorkflow(trainPpo, input, carried);
}
