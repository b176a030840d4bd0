/** The memory that a run's steps need, told before any is taken; `memory.integration.test.ts` holds such metrics against real processes. */
import { describe, expect, it } from 'vitest';
import type { LlamaConfig } from '../../../../activities/engine/models/index.js';
import { machine } from '../../../../activities/engine/ort/machine.js';
import { type AlgorithmName, algorithmNames } from '../../../../activities/engine/rl/index.js';
import type { PlannedStep } from '../../../../activities/engine/tasks/planTraining.js';
import { planTraining } from '../../../../activities/engine/tasks/planTraining.js';
import type { ObjectiveChoice } from '../../../../activities/engine/training/objectives.js';
import { quietContext } from '../modelFolder.js';
import { gradientsAsMoments } from '../runGraph.js';
import { tinyConfig } from '../support/tinyConfig.js';

type Change = Partial<Pick<PlannedStep, 'name' | 'sequences' | 'answerTokens'>>;
const sizes = { name: 'warm-up', optimiser: gradientsAsMoments, sequences: 16, promptTokens: 30, answerTokens: 20 };
const step = (change: Change = {}, objective: ObjectiveChoice = { objective: 'supervised' }): PlannedStep => ({
  ...sizes,
  ...change,
  ...objective,
});
const policyOf = (name: AlgorithmName): ObjectiveChoice => ({ objective: 'policy', algorithm: { name } });
const bytesOf = async (
  config: LlamaConfig,
  change: Change = {},
  rank?: number,
  objective?: ObjectiveChoice,
): Promise<number> => {
  const lora = rank === undefined ? {} : { lora: { rank, alpha: rank, targetModules: 'all-linear' } as const };
  const { steps } = await planTraining({ config, ...lora, steps: [step(change, objective)] }, quietContext);
  return steps[0]?.bytes ?? Number.NaN;
};

describe('planTraining', () => {
  it('grows with the batch, the length and the model, and is less with LoRA', async () => {
    const large = { ...tinyConfig, hidden_size: 1_024, intermediate_size: 2_816, num_hidden_layers: 12 };
    const plain = await bytesOf(large);
    expect(await bytesOf(large, { sequences: 32 })).toBeGreaterThan(plain);
    expect(await bytesOf(large, { answerTokens: 40 })).toBeGreaterThan(plain);
    expect(await bytesOf({ ...large, num_hidden_layers: 13 })).toBeGreaterThan(plain);
    // Both moments of 12 layers of 12 million weights.
    expect(plain - (await bytesOf(large, {}, 8))).toBeGreaterThan(0.9 * 12 * 12e6 * 2 * 4);
  });

  it('counts the weights that policy training scores with: the policy’s and the reference’s', async () => {
    const large = { ...tinyConfig, hidden_size: 1_024, intermediate_size: 2_816, num_hidden_layers: 12 };
    const weights = 12 * 4 * (2.5 * 1_024 ** 2 + 3 * 1_024 * 2_816);
    for (const name of ['ppo', 'grpo'] as const) {
      const more = async (rank?: number) =>
        (await bytesOf(large, {}, rank, policyOf(name))) - (await bytesOf(large, {}, rank));
      expect(await more()).toBeGreaterThan(2 * weights);
      expect(await more(8)).toBeGreaterThan(2 * weights);
    }
  });

  it('plans for every objective, in order, and says what the machine has', async () => {
    const steps = [
      step({ name: 'supervised' }),
      ...algorithmNames.map((name) => step({ name }, policyOf(name))),
      step({ name: 'reward model' }, { objective: 'rewardModel' }),
    ];
    const plan = await planTraining({ config: tinyConfig, steps }, quietContext);
    expect(plan.steps.map(({ name, microBatches }) => [name, microBatches])).toEqual([
      ['supervised', 1],
      ...algorithmNames.map((name) => [name, 1]),
      ['reward model', 1],
    ]);
    expect(plan.machineBytes).toBe(machine.memoryBytes);
    expect(plan.usableBytes).toBeLessThan(plan.machineBytes);
  });

  it('refuses a model that cannot fit, naming the step, without loading a weight', async () => {
    const huge = { ...tinyConfig, hidden_size: 65_536, intermediate_size: 262_144, num_hidden_layers: 8 };
    await expect(planTraining({ config: huge, steps: [step()] }, quietContext)).rejects.toThrow(
      expect.objectContaining({
        name: 'InsufficientMemory',
        message: expect.stringMatching(/^warm-up: training on one sequence of 49 tokens needs \d+ bytes of memory/),
      }),
    );
  });
});
