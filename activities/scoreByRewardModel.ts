/** The activity `judgeSamples`: the reward model's probability of being right for each sampled answer. */
import type { Judgement, JudgeSamplesInput, JudgeSamplesResult } from './contracts.js';
import { heartbeatWhile } from './heartbeatWhile.js';
import { readCheckpoint } from './store/checkpoint.js';
import { type EngineDependencies, readExamples, readScored, workOf } from './trainingSteps.js';

export function createJudgeSamples({ store, engine }: Pick<EngineDependencies, 'store' | 'engine'>) {
  return (input: JudgeSamplesInput): Promise<JudgeSamplesResult> =>
    heartbeatWhile('answers', async (onProgress, signal) => {
      const { files } = await readCheckpoint(store, input.rewardModel, { moments: false });
      const examples = await readExamples(store, input.data);
      const samples = await readScored(store, [input.scored]);
      const sequences = samples.map(({ example, tokens }) => ({
        prompt: examples[example]?.promptTokens ?? [],
        answer: tokens,
      }));
      const { probabilities, work } = await engine.run('judge', { model: files, sequences }, { onProgress, signal });
      const judgements = samples.map(
        ({ example, sample }, index): Judgement => ({ example, sample, probability: probabilities[index] ?? 0 }),
      );
      return { judged: await store.putLines(judgements), work: workOf(work) };
    });
}
