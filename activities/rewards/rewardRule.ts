/** The paper's reward for a whole answer: 1 right, 0.1 extracted but wrong, 0 nothing extracted. */
import { sameAnswer } from './compareAnswers.js';
import type { AnswerValue } from './extractAnswer.js';

/** Part of the reward that an answer earns for saying anything that can be compared at all. */
const extractedReward = 0.1;

export interface Verdict {
  readonly correct: boolean;
  readonly reward: number;
}

/** Rewards an extracted answer (null: nothing was extracted) against the annotated one. */
export function rewardAnswer(value: AnswerValue | null, expected: AnswerValue): Verdict {
  if (value === null) return { correct: false, reward: 0 };
  return sameAnswer(value, expected) ? { correct: true, reward: 1 } : { correct: false, reward: extractedReward };
}
