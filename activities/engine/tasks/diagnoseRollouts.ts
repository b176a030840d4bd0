/** The task `diagnoseRollouts`: how far rollouts are from a reference and how varied they are, for methods that train without either. */

import { TaskCancelled } from '../../errors.js';
import { rolloutDiagnostics } from '../rl/diagnostics.js';
import type { PolicyMetrics } from '../rl/metrics.js';
import type { EngineWork, TaskFunction } from '../threads/task.js';
import type { TokenSequence } from '../training/layout.js';
import { scoreAnswers } from '../training/scoreAnswers.js';
import type { ModelFiles } from '../weights/modelFiles.js';

/**
 * What policy training says of a round's rollouts before it updates, for methods that need none of it to train. Their own
 * log-probabilities stand for the policy, so that the reference alone is run.
 */
export interface DiagnoseRolloutsTask {
  readonly input: {
    readonly reference: ModelFiles;
    readonly rollouts: readonly (TokenSequence & { readonly logProbs: readonly number[] })[];
  };
  readonly output: {
    readonly metrics: Pick<PolicyMetrics, 'klPerToken' | 'klPerSequence' | 'entropy' | 'entropyPerSequence'>;
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
    // −log π of a drawn token is an unbiased estimate of its distribution's entropy, which saves running the policy again.
    entropies: logProbs.map((logProb) => -logProb),
    referenceLogProbs: scores[index]?.logProbs ?? [],
  }));
  const { klPerToken = 0, klPerSequence = 0, entropy, entropyPerSequence } = rolloutDiagnostics(answers);
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
