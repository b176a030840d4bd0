/**
 * Editions of what a comparison's children give, part of what their results are kept under.
 *
 * To be raised when the same content comes to give another result, as after a change of a method or of what is told of it: results
 * of older code are then not taken over. A child whose content holds another's result (a checkpoint, prepared data) follows it by
 * itself.
 */
import type { ComparisonUnit } from '../../activities/recallResult.js';

export const editions: Readonly<Record<ComparisonUnit, number>> = {
  'warm-up': 3,
  'reward-model': 3,
  training: 4,
  evaluation: 3,
};
