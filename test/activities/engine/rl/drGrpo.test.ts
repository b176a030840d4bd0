/** Dr. GRPO by its definition: no deviation in its advantages, no length of an answer in its weights. */
import { expect, it } from 'vitest';
import { bindAlgorithm } from '../../../../activities/engine/rl/index.js';
import { rollout, roundContext } from './rollouts.js';

it('takes the distance from the mean as it is, and weighs every token of any answer the same', () => {
  const rollouts = [rollout(0, 1, 2), rollout(0, 0, 7), rollout(1, 0.1, 3), rollout(1, 0, 5)];
  const { inputsOf } = bindAlgorithm({ name: 'dr-grpo' }).prepare(rollouts, roundContext(8));
  const inputs = inputsOf([0, 1, 2, 3]);
  expect(inputs.map(({ advantages }) => advantages)).toEqual([0.5, -0.5, 0.05, -0.05]);
  expect(inputs.map(({ weights }) => weights)).toEqual(new Array(4).fill(1 / (8 * 4)));
});
