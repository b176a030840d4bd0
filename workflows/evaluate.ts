/** The final measurements on the test questions: greedy answers and K samples of each model, judged and tallied. */
import type { CheckpointRef, PreparedData } from '../activities/contracts.js';
import { engine, general } from './activityOptions.js';
import { answerQuestions } from './answers.js';
import { addWork, beginPhase, finishUnit } from './journal.js';
import { showProgress } from './progress.js';
import type { ModelName, RunState, TestAnswers } from './run.js';
import { cutIntoShards } from './selections.js';

export interface Contestant {
  readonly name: ModelName;
  readonly checkpoint: CheckpointRef;
}

/**
 * Fills `run.testAnswers` and `run.figures` for each model.
 *
 * Greedy answers first, then K samples at temperature 1, drawn from the same random stream for every model; with a reward
 * model each sample gets its probability of being right.
 */
export async function evaluate(
  run: RunState,
  data: PreparedData,
  contestants: readonly Contestant[],
  rewardModel: CheckpointRef | undefined,
  betweenUnits: () => Promise<void>,
): Promise<void> {
  const { journal, spec } = run;
  const whole = { order: 'plain', from: 0, to: data.test.count } as const;
  const shards = cutIntoShards(whole, spec.generation.questionsPerShard).length;
  const samples = spec.evaluation.samplesPerQuestion;
  const stepsEach = shards * (1 + (samples > 0 ? 1 : 0) + (samples > 0 && rewardModel ? 1 : 0));
  const phase = beginPhase(journal, 'evaluation', 'shard', contestants.length * stepsEach);
  showProgress(journal);

  for (const { name, checkpoint } of contestants) {
    if (run.figures[name] !== undefined) continue;
    await betweenUnits();
    const answer = async (count: number, temperature: 0 | 1, label: string) => {
      const answers = await answerQuestions({
        spec,
        data,
        checkpoint,
        questions: data.test,
        samples: count,
        temperature,
        purpose: 'sample-test',
        round: 0,
        label: `test, ${label}, ${name}`,
        onShard: () => finishUnit(phase),
      });
      addWork(journal, 'evaluation', answers.work);
      return answers.scored;
    };
    const answers: TestAnswers = {
      greedy: await answer(1, 0, 'greedy'),
      sampled: samples > 0 ? await answer(samples, 1, `${samples} samples`) : [],
    };
    const judged = rewardModel ? await judge(run, data, rewardModel, answers, () => finishUnit(phase)) : [];
    const figures = await general.tallyEvaluation.executeWithOptions({ summary: `tally ${name}` }, [
      { data: data.test, ...answers, judged },
    ]);
    run.testAnswers = { ...run.testAnswers, [name]: answers };
    run.figures = { ...run.figures, [name]: figures };
    journal.accuracy = figures.top1.percent;
    phase.metrics = { ...phase.metrics, [name]: figures.top1.percent };
    showProgress(journal);
  }
}

async function judge(
  run: RunState,
  data: PreparedData,
  rewardModel: CheckpointRef,
  answers: TestAnswers,
  onShard: () => void,
) {
  return Promise.all(
    answers.sampled.map(async (scored, index) => {
      const summary = `judge, shard ${index + 1}/${answers.sampled.length}`;
      const { judged, work } = await engine.judgeSamples.executeWithOptions({ summary }, [
        { rewardModel, data: data.test, scored },
      ]);
      addWork(run.journal, 'evaluation', work);
      onShard();
      return judged;
    }),
  );
}
