/** The task `generate`: answers to prompts, sampled or greedy, with their log-probabilities. */

import { generate as generateAnswers } from '../sampling/generate.js';
import type { TaskFunction } from './task.js';

export const generate: TaskFunction<'generate'> = (input, context) => generateAnswers(input, context);
