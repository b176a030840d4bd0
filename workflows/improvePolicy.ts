/** PPO: rounds of sampling answers, scoring them and updating the policy; the best checkpoint on validation is kept. */
import type { PreparedData } from '../activities/contracts.js';
import { engine } from './activityOptions.js';
import { answerQuestions } from './answers.js';
import { better, type Measured, measureAccuracy } from './checkpoints.js';
import { addWork, beginPhase, finishUnit } from './journal.js';
import { showProgress } from './progress.js';
import type { RunState } from './run.js';
import { countRounds, selectRound } from './selections.js';

/** Runs the rounds that are left, and returns the best checkpoint: at worst the warm-up itself. */
export async function improvePolicy(
  run: RunState,
  data: PreparedData,
  start: Measured,
  betweenUnits: () => Promise<void>,
): Promise<Measured> {
  const { journal } = run;
  const rounds = countRounds(run.spec.ppo, data.train.count);
  const phase = beginPhase(journal, 'ppo', 'round', rounds);
  showProgress(journal);
  run.policy ??= { done: 0, checkpoint: start.checkpoint, best: start };
  let { done, checkpoint, best } = run.policy;
  while (done < rounds) {
    await betweenUnits();
    if (journal.controls.stopping) break;
    const { spec } = run;
    const place = `${done + 1}/${rounds}`;

    const answers = await answerQuestions({
      spec,
      data,
      checkpoint,
      questions: data.train,
      selection: selectRound(spec.ppo, data.train.count, done),
      samples: spec.ppo.samplesPerQuestion,
      temperature: 1,
      purpose: 'rollout',
      round: done,
      label: place,
    });
    addWork(journal, 'ppo rollout', answers.work);

    const update = await engine.updatePolicy.executeWithOptions({ summary: `update ${place}` }, [
      {
        checkpoint,
        reference: start.checkpoint,
        train: data.train,
        scored: answers.scored,
        ppo: spec.ppo,
        seed: spec.seed,
        round: done,
        rounds,
        freshOptimiser: done === 0,
      },
    ]);
    addWork(journal, 'ppo update', update.work);
    checkpoint = update.checkpoint;
    done += 1;

    const metrics: Record<string, number> = {
      reward: answers.meanReward,
      sampleAccuracy: (100 * answers.correct) / answers.count,
      extracted: (100 * answers.extracted) / answers.count,
      truncated: (100 * answers.truncated) / answers.count,
      ...update.metrics,
    };
    if (done % spec.evaluation.everyRounds === 0 || done === rounds) {
      const accuracy = await measureAccuracy(journal, { spec, data }, checkpoint, `validation, round ${place}`);
      best = better(best, { checkpoint, accuracy, step: done });
      journal.accuracy = accuracy;
      metrics.validationAccuracy = accuracy;
    }
    run.policy = { done, checkpoint, best };
    journal.points.push({ phase: 'ppo', step: done, metrics });
    finishUnit(phase, { ...metrics, bestValidationAccuracy: best.accuracy });
    showProgress(journal);
  }
  return best;
}
