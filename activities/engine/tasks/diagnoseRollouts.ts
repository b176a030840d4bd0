/** The task `diagnoseRollouts`: KL to a reference and entropy of a round's rollouts, for methods that need neither to train. */

import { TaskCancelled } from '../../errors.js';
import { at } from '../../invariant.js';
import { type RolloutDiagnostics, rolloutDiagnostics } from '../rl/diagnostics.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import type { TokenSequence } from '../training/layout.js';
import { scoreAnswers } from '../training/scoreAnswers.js';
import type { ModelFiles } from '../weights/modelFiles.js';

/** The rollouts' own log-probabilities are taken for the policy's, so that only the reference runs. Metrics of no rollouts are 0. */
export interface DiagnoseRolloutsTask {
  readonly input: {
    readonly reference: ModelFiles;
    readonly rollouts: readonly (TokenSequence & { readonly logProbs: readonly number[] })[];
  };
  readonly output: {
    readonly metrics: Pick<RolloutDiagnostics, 'klPerToken' | 'klPerSequence' | 'entropy' | 'entropyPerSequence'>;
    readonly work: EngineWork;
  };
}

export const diagnoseRollouts: TaskFunction<DiagnoseRolloutsTask> = async ({ reference, rollouts }, context) => {
  const started = performance.now();
  if (context.isCancelled()) throw new TaskCancelled('diagnoseRollouts was cancelled');
  const scores = await scoreAnswers(reference, rollouts);
  context.onProgress(rollouts.length, rollouts.length);
  const answers = rollouts.map(({ logProbs }, index) => ({
    logProbs,
    sampledLogProbs: logProbs,
    // −log π of a sampled token is an unbiased estimate of its distribution's entropy, which saves a run of the policy.
    entropies: logProbs.map((logProb) => -logProb),
    referenceLogProbs: at(scores, index).logProbs,
  }));
  const { klPerToken, klPerSequence, entropy, entropyPerSequence } = rolloutDiagnostics(answers);
  return {
    metrics: { klPerToken, klPerSequence, entropy, entropyPerSequence },
    work: {
      seconds: (performance.now() - started) / 1000,
      forwardTokens: rollouts.reduce((total, { prompt, answer }) => total + prompt.length + answer.length - 1, 0),
      backwardTokens: 0,
      generatedTokens: 0,
    },
  };
};
