/** The memory that a run's steps need, told before any is taken; `memory.integration.test.ts` holds such metrics against real processes. */
import { describe, expect, it } from 'vitest';
import type { LlamaConfig } from '../../../../activities/engine/models/index.js';
import { machine } from '../../../../activities/engine/ort/machine.js';
import { type AlgorithmName, algorithmNames } from '../../../../activities/engine/rl/index.js';
import type { PlannedStep } from '../../../../activities/engine/tasks/planTraining.js';
import { planTraining } from '../../../../activities/engine/tasks/planTraining.js';
import type { DeviceRoom, MemoryBudget } from '../../../../activities/engine/training/memoryBudget.js';
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
    expect(plan.room).toEqual({ device: 'cpu', bytes: machine.memoryBytes });
    expect(plan.usableBytes).toBe(Math.floor(machine.memoryBytes / 2));
  });

  const wide = { ...tinyConfig, vocab_size: 5_000, hidden_size: 256, intermediate_size: 512 };
  /** A GPU that leaves training so many bytes. */
  const gpuWith = (bytes: number) => ({ device: 'cuda', bytes: Math.ceil(bytes / 0.9) }) as const;
  const planOn = async (room: DeviceRoom, memory?: MemoryBudget, before?: MemoryBudget) => {
    const steps = [step({ sequences: 64 }, policyOf('ppo')), step({ sequences: 64 })];
    const answers = { promptTokens: 30, answerTokens: 18 };
    const earlier = before ? { before } : {};
    return planTraining({ config: wide, steps, answers, room, memory, ...earlier }, quietContext);
  };
  it('takes a GPU whole, and smaller micro-batches where there is less of it, down to one sequence', async () => {
    const large = await planOn(gpuWith(2 ** 40));
    expect(large.steps.map(({ microBatches }) => microBatches)).toEqual([1, 1]);
    expect(large.rollouts?.rows).toBe(256);
    const [largest] = large.steps;
    const small = await planOn(gpuWith((largest?.bytes ?? 0) - 0.5 * (largest?.parts.activations ?? 0)));
    expect(small.steps[0]?.microBatches).toBeGreaterThan(1);
    for (const { bytes } of small.steps) expect(bytes).toBeLessThanOrEqual(small.usableBytes);
    expect(small.budget.microBatch).toBeLessThan(large.budget.microBatch);
    const { steps } = await planOn(gpuWith(2 ** 40), { ...small.budget, training: 2 ** 40, microBatch: 1 });
    const least = Math.max(...steps.map(({ bytes }) => bytes));
    const singly = await planOn(gpuWith(least + 2 ** 20));
    expect(singly.steps[0]?.sequences).toBe(1);
    await expect(planOn(gpuWith(least - 2 ** 20))).rejects.toThrow(/even with one sequence in a micro-batch/);
  });

  it('keeps to the memory that is given, whatever the device has', async () => {
    const memory = { training: 2 ** 32, microBatch: 2 ** 24, cache: 2 ** 22 };
    const plans = [await planOn(gpuWith(2 ** 40), memory), await planOn({ device: 'cpu', bytes: 2 ** 34 }, memory)];
    for (const { budget, steps, rollouts } of plans) {
      expect(budget).toEqual(memory);
      expect(steps).toEqual(plans[0]?.steps);
      // 4 MiB of rows of 48 positions: two layers, keys and values, two heads of 64 floats.
      expect(rollouts?.rows).toBe(Math.floor(2 ** 22 / (2 * 2 * 2 * 48 * 64 * 4)));
    }
  });

  it('takes what an earlier run kept to where all steps fit, and else chooses as if there had been none', async () => {
    const before = { training: 2 ** 32, microBatch: 2 ** 24, cache: 2 ** 22 };
    const again = await planOn({ device: 'cpu', bytes: 2 ** 36 }, undefined, before);
    expect(again.budget).toEqual(before);
    const large = await planOn(gpuWith(2 ** 40));
    const [largest] = large.steps;
    const small = gpuWith((largest?.bytes ?? 0) - 0.5 * (largest?.parts.activations ?? 0));
    const fresh = await planOn(small);
    expect(fresh.budget).not.toEqual(large.budget);
    expect(await planOn(small, undefined, large.budget)).toEqual(fresh);
    expect((await planOn(small, fresh.budget, large.budget)).budget).toEqual(fresh.budget);
  });

  it('refuses a model that cannot fit, saying what it needs and what does not help, without loading a weight', async () => {
    const huge = { ...tinyConfig, hidden_size: 65_536, intermediate_size: 262_144, num_hidden_layers: 8 };
    await expect(planTraining({ config: huge, steps: [step()] }, quietContext)).rejects.toThrow(
      expect.objectContaining({
        name: 'InsufficientMemory',
        message: expect.stringMatching(
          /^warm-up needs \d+\.\d GiB of memory even with one sequence in a micro-batch: weights in training \d+\.\d GiB, optimiser state \d+\.\d GiB, .*activations .*\. Training may take [\d.]+ GiB of the [\d.]+ GiB of this machine\. Not enough: LoRA of rank 16 \([\d.]+ GiB\), compute in bfloat16, with recompute and attentionInBlocks \([\d.]+ GiB\), answers of half the length .*all of these/,
        ),
      }),
    );
  });
});
