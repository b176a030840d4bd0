/** Made-up rollouts, and a round that tells nothing of them, for tests of what algorithms prepare. */
import type { PolicyRollout, RoundContext } from '../../../../activities/engine/rl/algorithm.js';
import { rolloutDiagnostics } from '../../../../activities/engine/rl/diagnostics.js';

/** An answer of so many tokens, each of log π −1 under policy, sampler and reference alike, a critic saying 0. */
export function rollout(
  group: number,
  reward: number,
  tokens: number,
  change: Partial<PolicyRollout> = {},
): PolicyRollout {
  const all = (value: number) => new Float32Array(tokens).fill(value);
  return {
    group,
    reward,
    truncated: false,
    logProbs: all(-1),
    sampledLogProbs: all(-1),
    referenceLogProbs: all(-1),
    values: all(0),
    ...change,
  };
}

/** @param klPerSequence what the diagnostics are to say of it */
export function roundContext(maxAnswerTokens: number, klPerSequence = 0): RoundContext {
  return { maxAnswerTokens, diagnostics: { ...rolloutDiagnostics([]), klPerSequence } };
}
