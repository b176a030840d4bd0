/** The methods that train on the model’s own right answers. */
import { z } from 'zod';
import { count } from './numbers.js';
import { optimiserSchema } from './optimiser.js';

export const offlineSelfTrainingSchema = z.strictObject({
  samplesPerQuestion: count
    .max(1_000)
    .default(100)
    .describe('Answers sampled from the warm-up for each training question, at temperature 1 (paper, 4.2: 100).'),
  keepPerQuestion: count
    .max(1_000)
    .default(10)
    .describe('Right answers kept for each question, each another text (paper’s code: 10).'),
  epochs: count
    .max(10_000)
    .default(20)
    .describe(
      'Epochs of supervised training on annotated answers and kept samples, from the model before the warm-up (paper’s code: 20).',
    ),
  batchSize: count.max(4_096).describe('Answers in one optimiser step.'),
  optimiser: optimiserSchema.describe('How weights are changed by gradients.'),
});

/** Of online self-training and expert iteration. */
export const sampleTrainingSchema = z.strictObject({
  epochs: count
    .max(10_000)
    .describe('Times that every training question is sampled. A round takes `questionsPerRound` of them.'),
  questionsPerRound: count
    .max(100_000)
    .describe('Questions that are answered before the model is trained on the answers.'),
  samplesPerQuestion: count
    .max(256)
    .default(1)
    .describe(
      'Answers sampled for each question of a round, at temperature 1 (online self-training in the paper, 4.2: 1).',
    ),
  miniBatch: count.max(100_000).describe('Questions in one optimiser step, with all their right samples.'),
  epochsPerRound: count
    .max(100)
    .default(1)
    .describe('Times that a round’s right answers are trained on (online self-training in the paper’s code: 1).'),
  optimiser: optimiserSchema.describe('How weights are changed by gradients.'),
});

export type SampleTrainingSpec = z.output<typeof sampleTrainingSchema>;
