/**
 * Dynamic loss scaling (Micikevicius et al., 2018, "Mixed Precision Training", 3.2), for float16.
 *
 * Gradients below 6·10⁻⁸ are zero in float16. So the loss is multiplied by a power of two before the backward, and the optimiser
 * divides it out of the gradients, both exactly. Where gradients overflow instead, their norm is not finite: the step is skipped
 * and the scale halved. After many good steps it is doubled.
 */

/** Part of a checkpoint: a run that is resumed scales as if it had never stopped. */
export interface LossScale {
  /** A power of two. */
  readonly scale: number;
  /** Steps since it last changed, none of them skipped. */
  readonly goodSteps: number;
}

/** PyTorch's (`torch.amp.GradScaler`), as is `stepsToDouble`. */
export const firstLossScale: LossScale = { scale: 2 ** 16, goodSteps: 0 };
const stepsToDouble = 2_000;

/** With a smaller one gradients overflow although nothing is scaled up: training has diverged. */
export const smallestLossScale = 1;
/** A larger one gains nothing: gradients that float16 would round to zero are then below 10⁻¹⁴. */
const largestLossScale = 2 ** 24;

/** The scale of the next step. A step is good if the norm of its gradients is finite. */
export function nextLossScale({ scale, goodSteps }: LossScale, isGood: boolean): LossScale {
  if (!isGood) return { scale: scale / 2, goodSteps: 0 };
  if (goodSteps + 1 < stepsToDouble) return { scale, goodSteps: goodSteps + 1 };
  return { scale: Math.min(2 * scale, largestLossScale), goodSteps: 0 };
}
