/** What phases a run has, and how much work each is. */
import { expect, it } from 'vitest';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import { planPhases } from '../../../workflows/steps/planPhases.js';

const questions = { train: 100, validation: 10, test: 50 };
const plan = (input: object) => {
  const phases = planPhases(resolveSpec({ preset: 'smoke', ...input }), questions);
  return Object.fromEntries(phases.map(({ phase, work, isBeside }) => [phase, isBeside ? `beside: ${work}` : work]));
};

const evaluation = { samplesPerQuestion: 4, everyRounds: 1 };
const warmUp = { epochs: 3 };

it('counts answers sampled and answers trained on, each time', () => {
  const ppo = { epochs: 2, questionsPerRound: 50, samplesPerQuestion: 1, ppoEpochs: 3, miniBatch: 25 };
  const sft = { epochs: 5 };
  const rewardModel = { samplesPerQuestion: 2, epochs: 3 };
  expect(plan({ warmUp, ppo, sft, rewardModel, evaluation })).toEqual({
    'warm-up': 3 * 100 + 10,
    // 200 answers sampled, three passes over them, and four rounds validated.
    ppo: 200 + 3 * 200 + 4 * 10,
    sft: `beside: ${5 * 100 + 5 * 10}`,
    'reward-model': 2 * 200 * 4,
    // Greedy answers and four samples of three models, which the reward model scores.
    evaluation: 3 * 50 * (1 + 4 * 2),
  });
});

it('has no phase that the specification leaves out', () => {
  const grpo = { epochs: 1, questionsPerRound: 100, samplesPerQuestion: 4, ppoEpochs: 1, miniBatch: 50 };
  expect(plan({ method: 'grpo', grpo, warmUp, sft: null, rewardModel: null, evaluation })).toEqual({
    'warm-up': 310,
    grpo: 400 + 400 + 10,
    evaluation: 2 * 50 * 5,
  });
});

it('is the baseline alone where that is the method', () => {
  const phases = Object.keys(plan({ method: 'sft', sft: { epochs: 5 }, warmUp, rewardModel: null, evaluation }));
  expect(phases).toEqual(['warm-up', 'sft', 'evaluation']);
});
