/** What a round of rollouts tells before any update, and a KL penalty that is left out. */
import { describe, expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { type AlgorithmChoice, bindAlgorithm } from '../../../../activities/engine/rl/index.js';
import { floats, runOnce } from '../runGraph.js';
import { rollout, roundContext } from './rollouts.js';

const context = roundContext(8, 3);

/** Answers of two tokens, 1.5 nats a token from the reference; `values`, a critic's, are the same at both tokens. */
const rolloutsOf = (rewards: readonly number[], values: readonly number[]) =>
  rewards.map((reward, index) =>
    rollout(0, reward, 2, {
      referenceLogProbs: new Float32Array(2).fill(-2.5),
      values: new Float32Array(2).fill(values[index] ?? Number.NaN),
    }),
  );

describe('metrics of a round', () => {
  it.each(['ppo', 'grpo', 'rloo'] as const)('%s: the KL penalty is β times the KL of an answer', (name) => {
    const rollouts = rolloutsOf([1, 0], [0, 0]);
    const penalty = (klCoefficient: number) =>
      bindAlgorithm({ name, klCoefficient }).prepare(rollouts, context).metrics.klPenalty;
    expect([penalty(0), penalty(0.5), penalty(2)]).toEqual([0, 1.5, 6]);
  });

  it.each(['reward', 'loss'] as const)(
    'grpo, β 0 in the %s: an infinite KL estimate does not touch rewards',
    (klPlacement) => {
      const rollouts = [rollout(0, 1, 2, { referenceLogProbs: new Float32Array(2).fill(-Infinity) }), rollout(0, 0, 2)];
      const { inputsOf } = bindAlgorithm({ name: 'grpo', scaleRewards: 'none', klPlacement }).prepare(
        rollouts,
        context,
      );
      expect(inputsOf([0, 1]).map(({ advantages }) => advantages)).toEqual([0.5, -0.5]);
    },
  );

  it('ppo: the critic is judged by the returns it was to tell', () => {
    // Without a penalty and with γ = λ = 1, the return at each token is the answer's reward.
    const choice: AlgorithmChoice = { name: 'ppo', klCoefficient: 0, gamma: 1, lambda: 1 };
    const rewards = [1, 0, 0.5];
    const judged = (values: readonly number[]) =>
      bindAlgorithm(choice).prepare(rolloutsOf(rewards, values), context).metrics.explainedVariance;
    expect([judged(rewards), judged([0.25, 0.25, 0.25]), judged([0, 1, 0.5])]).toEqual([1, 0, -3]);
  });
});

describe.each(['grpo', 'rloo'] as const)('%s', (name) => {
  /** The loss where the reference finds a token e^199 times as likely: more than a float32 holds. */
  async function lossWith(klCoefficient: number, klPlacement: 'loss' | 'reward'): Promise<Record<string, number>> {
    const graph = createGraph();
    const perToken = (key: string) => input(graph, key, 'float32', ['answers']);
    const { total, metrics } = bindAlgorithm({ name, klCoefficient, klPlacement }).loss({
      logProbs: perToken('log_probs'),
      values: () => perToken('values'),
      perToken,
      answerMeans: (x) => x,
    });
    output(total, 'total');
    for (const metric of ['policyLoss', 'klLoss']) {
      const tensor = metrics[metric];
      if (tensor !== undefined) output(tensor, metric);
    }
    const outputs = await runOnce(
      { graph },
      {
        log_probs: floats([-200, -1]),
        old_log_probs: floats([-200, -1]),
        reference_log_probs: floats([-1, -1]),
        advantages: floats([2, -1]),
        weights: floats([0.5, 0.5]),
        shares: floats([0.5, 0.5]),
      },
    );
    return Object.fromEntries([...outputs].map(([key, { data }]) => [key, data[0] ?? Number.NaN]));
  }

  it.each([
    [0, 'loss'],
    [0.1, 'reward'],
  ] as const)('with β %d in the %s: an infinite KL estimate does not touch the loss', async (beta, placement) => {
    expect(await lossWith(beta, placement)).toMatchObject({
      klLoss: Number.POSITIVE_INFINITY,
      total: -0.5,
      policyLoss: -0.5,
    });
  });

  it('with a penalty in the loss it does', async () => {
    expect((await lossWith(0.1, 'loss')).total).toBe(Number.POSITIVE_INFINITY);
  });
});
