/** What the answers to a question tell dynamic sampling. */
import { expect, it } from 'vitest';
import { judgeGroup } from '../../../../activities/engine/rl/dynamicSampling.js';

const right = (reward = 1) => ({ correct: true, reward });
const wrong = (reward = 0) => ({ correct: false, reward });

it.each([
  ['right and wrong ones', [right(), wrong()], 'kept', 'kept'],
  ['one that differs, at the end', [wrong(), wrong(), right()], 'kept', 'kept'],
  ['right ones alone', [right(), right()], 'right', 'right'],
  ['wrong ones alone', [wrong(), wrong()], 'wrong', 'wrong'],
  ['wrong ones, of which some earn a part', [wrong(0.1), wrong(0.1), wrong()], 'wrong', 'kept'],
  ['right ones that earn less and more', [right(1), right(0.8)], 'right', 'kept'],
  ['right and wrong ones that earn the same', [right(0.5), wrong(0.5)], 'kept', 'wrong'],
  ['a single right one', [right()], 'right', 'right'],
] as const)('%s', (_, answers, byCorrect, byReward) => {
  expect(judgeGroup(answers, 'correct')).toBe(byCorrect);
  expect(judgeGroup(answers, 'reward')).toBe(byReward);
});
