/**
 * From rewards to advantages, in plain arrays (they need no gradient): the KL penalty, generalised advantage estimation
 * (Schulman et al., 2016) and whitening, as in the paper's section "PPO".
 */
import { at } from '../../invariant.js';

/**
 * Per-token rewards of one answer: less the KL penalty of each token (`penalties`: β · log π_old / π_ref), and the answer's score
 * added at its last token: EOS, or where the length limit cut it. The published code puts it at the state before EOS, whose action
 * EOS is.
 */
export function tokenRewards(score: number, penalties: Float64Array): Float64Array {
  return penalties.map((penalty, token) => (token === penalties.length - 1 ? score : 0) - penalty);
}

/**
 * δ_t = r_t + γV(s_{t+1}) − V(s_t), Â_t = Σ (γλ)^l δ_{t+l}, V = 0 past the end.
 * Returns are R_t = Â_t + V(s_t).
 */
export function generalisedAdvantages(
  rewards: Float64Array,
  values: Float32Array,
  gamma: number,
  lambda: number,
): { readonly advantages: Float64Array; readonly returns: Float64Array } {
  const advantages = new Float64Array(rewards.length);
  const returns = new Float64Array(rewards.length);
  let next = 0;
  for (let token = rewards.length - 1; token >= 0; token--) {
    const value = at(values, token);
    const nextValue = token + 1 < values.length ? at(values, token + 1) : 0;
    const delta = at(rewards, token) + gamma * nextValue - value;
    next = delta + gamma * lambda * next;
    advantages[token] = next;
    returns[token] = next + value;
  }
  return { advantages, returns };
}

/**
 * Shifts and scales to mean 0 and variance 1 over all answer tokens of a round (ε 1e-8 under the root), one array an answer.
 * The variance has Bessel's correction, as the published code's masked variance.
 */
export function whiten(answers: readonly Float64Array[]): readonly Float64Array[] {
  const values = answers.flatMap((answer) => [...answer]);
  const count = values.length;
  const mean = values.reduce((total, value) => total + value, 0) / Math.max(1, count);
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  const variance = squares / Math.max(1, count - 1);
  const scale = 1 / Math.sqrt(variance + 1e-8);
  return answers.map((answer) => answer.map((value) => (value - mean) * scale));
}
