/** Memory budgets of tests. */
import { type MemoryBudget, machineBudget } from '../../../../activities/engine/training/memoryBudget.js';

/** This machine's, but for what training may take in all. */
export function trainingWithin(bytes: number): MemoryBudget {
  return { ...machineBudget(), training: bytes };
}
