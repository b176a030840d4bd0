/** Learning rates over a phase of training: linear warm-up from 0, then constant, linear to 0, or half a cosine to 0. */

export interface Schedule {
  readonly learningRate: number;
  readonly warmUpSteps: number;
  readonly schedule: 'constant' | 'linear' | 'cosine';
}

/** Learning rate of each of the steps `[from, from + count)` of a phase of `total` steps (0-based). */
export function learningRates(schedule: Schedule, from: number, count: number, total: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => learningRateAt(schedule, from + index, total));
}

function learningRateAt({ learningRate, warmUpSteps, schedule }: Schedule, step: number, total: number): number {
  if (step < warmUpSteps) return (learningRate * (step + 1)) / warmUpSteps;
  const left = 1 - (step - warmUpSteps) / Math.max(1, total - warmUpSteps);
  switch (schedule) {
    case 'constant':
      return learningRate;
    case 'linear':
      return learningRate * Math.max(0, left);
    case 'cosine':
      return (learningRate * (1 + Math.cos(Math.PI * (1 - Math.max(0, left))))) / 2;
  }
}
