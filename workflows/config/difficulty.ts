/** The field `difficulty` of a specification: which training questions a method trains on, by how often the warm-up model is right. */
import { z } from 'zod';

export const difficultySchema = z
  .strictObject({
    samplesPerQuestion: z
      .int()
      .min(2)
      .max(64)
      .default(8)
      .describe(
        'Answers that the warm-up model gives to each training question, at temperature 1. The share of right ones is the question’s pass rate.',
      ),
    min: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .describe('Questions with a lower pass rate are left out. The default leaves those out that are never right.'),
    max: z
      .number()
      .min(0)
      .max(1)
      .default(0.99)
      .describe('Questions with a higher pass rate are left out. The default leaves those out that are always right.'),
    order: z
      .enum(['random', 'easy-first'])
      .default('random')
      .describe(
        'In which order rounds take the questions: shuffled anew each epoch, or each epoch from the highest pass rate to the lowest, those of one rate shuffled. Offline self-training has no rounds, and no order.',
      ),
  })
  .superRefine((difficulty, context) => {
    const { samplesPerQuestion: samples } = difficulty;
    const isPossible = Array.from({ length: samples + 1 }, (_, right) => right).some((right) =>
      isWithin(right, difficulty),
    );
    if (!isPossible)
      context.addIssue({
        code: 'custom',
        message: `min and max with a pass rate of ${samples} samples between them: 0, 1/${samples}, … 1 (left out, min is 0.01 and max 0.99)`,
      });
  });

export type DifficultySpec = z.output<typeof difficultySchema>;

/** Whether a question stays of which so many samples are right. */
export function isWithin(right: number, { samplesPerQuestion, min, max }: DifficultySpec): boolean {
  const passRate = right / samplesPerQuestion;
  return passRate >= min && passRate <= max;
}
