/** Learning rates over a phase of training: a linear warm-up from 0, then a schedule. */
import { z } from 'zod';

/**
 * The registry of schedules. Each gives the factor on the learning rate at a progress from 0, the first step behind the warm-up,
 * to 1, behind the last step of the phase.
 */
export const schedules = {
  constant: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
} as const satisfies Readonly<Record<string, (progress: number) => number>>;

/** The fields of the spec's `optimiser` sections that say how the learning rate goes. */
export const scheduleFields = {
  learningRate: z
    .number()
    .positive()
    .max(1)
    .describe('Largest learning rate. The paper (4.3), for models of 7B: 1e-5 in supervised training, 3e-7 in PPO.'),
  warmUpSteps: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(0)
    .describe(
      'The learning rate rises linearly from 0 over so many steps, then follows `schedule` (paper, 4.3: 10 % of the steps).',
    ),
  schedule: z
    .enum(Object.keys(schedules) as (keyof typeof schedules)[])
    .default('constant')
    .describe(
      'The learning rate’s way to the last step: constant (the paper’s PPO), or down to 0 (`linear`: its supervised training).',
    ),
};

const schema = z.object(scheduleFields);
export type Schedule = Readonly<z.output<typeof schema>>;

/** Learning rate of each of the steps `[from, from + count)` of a phase of `total` steps (0-based). */
export function learningRates(schedule: Schedule, from: number, count: number, total: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => learningRateAt(schedule, from + index, total));
}

function learningRateAt({ learningRate, warmUpSteps, schedule }: Schedule, step: number, total: number): number {
  if (step < warmUpSteps) return (learningRate * (step + 1)) / warmUpSteps;
  // A warm-up may be longer than the phase.
  const progress = (step - warmUpSteps) / Math.max(1, total - warmUpSteps);
  return learningRate * schedules[schedule](Math.min(1, progress));
}
