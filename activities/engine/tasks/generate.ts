/** The task `generate`: answers to prompts, sampled or greedy, with their log-probabilities. */
import type { TaskFunction } from '../api.js';
import { generate as generateAnswers } from '../sampling/generate.js';

export const generate: TaskFunction<'generate'> = (input, context) => generateAnswers(input, context);
