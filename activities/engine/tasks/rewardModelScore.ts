/** The task `rewardModelScore`: the reward model's probability that each answer is right. */

import { InvalidModel, TaskCancelled } from '../../errors.js';
import { at } from '../../invariant.js';
import { float32 } from '../ort/tensors.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import type { TokenSequence } from '../training/layout.js';
import { groupByLength, layOutWhole, sequenceFeeds, withinTokens } from '../training/layout.js';
import { runGraph } from '../training/runGraph.js';
import { rewardModelGraph } from '../training/scoringGraphs.js';
import { graphSession } from '../training/sessions.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { loadModel } from '../weights/modelFiles.js';

export interface RewardModelScoreTask {
  readonly input: { readonly model: ModelFiles; readonly sequences: readonly TokenSequence[] };
  readonly output: {
    /** Of each sequence, in order: in [0, 1]. */ readonly probabilities: readonly number[];
    readonly work: EngineWork;
  };
}

/** Most tokens of a forward pass, padding included: bounds its memory. */
const tokenBudget = 8_192;

export const rewardModelScore: TaskFunction<RewardModelScoreTask> = async ({ model, sequences }, context) => {
  const started = performance.now();
  const parameters = await loadModel(model);
  if (!parameters.has('score.weight'))
    throw new InvalidModel(`${model.parameters} has no score.weight: no reward model`);
  const { modelGraph, session } = await graphSession(
    `reward model scores ${JSON.stringify([model.config, model.compute])}`,
    () => rewardModelGraph(model.config, model.compute),
  );
  const probabilities = new Array<number>(sequences.length).fill(0);
  const lengths = sequences.map(({ prompt, answer }) => prompt.length + answer.length);
  let done = 0;
  for (const group of groupByLength(lengths, withinTokens(lengths, tokenBudget))) {
    if (context.isCancelled()) throw new TaskCancelled('rewardModelScore was cancelled');
    const layout = layOutWhole(group.map((index) => at(sequences, index)));
    const logProbs = new Float32Array(2 * layout.batch);
    await runGraph(
      modelGraph,
      session,
      parameters,
      { ...sequenceFeeds(layout) },
      { class_log_probs: float32(logProbs, [layout.batch, 2]) },
    );
    group.forEach((index, row) => {
      probabilities[index] = Math.exp(at(logProbs, 2 * row + 1));
    });
    done += group.length;
    context.onProgress(done, sequences.length);
  }
  return {
    probabilities,
    work: {
      seconds: (performance.now() - started) / 1000,
      forwardTokens: lengths.reduce((a, b) => a + b, 0),
      backwardTokens: 0,
      generatedTokens: 0,
    },
  };
};
