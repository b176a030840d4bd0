/** Presets that need a GPU: each fits the memory that it states, by the planner; and the paper's own, with every weight, is refused with numbers. */
import { describe, expect, it } from 'vitest';
import type { PreparedData } from '../../../activities/data/types.js';
import { readConfig } from '../../../activities/engine/models/index.js';
import { type PlanTrainingTask, planTraining } from '../../../activities/engine/tasks/planTraining.js';
import { required } from '../../../activities/invariant.js';
import { presets } from '../../../workflows/config/presets/index.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import { longestAnswers, plannedSteps } from '../../../workflows/steps/planMemory.js';
import { quietContext } from '../../activities/engine/modelFolder.js';
import { loaded } from '../../activities/engine/models/publishedConfigs.js';

/** GSM8K as the paper cuts it. */
const data = { longestPrompt: 300, longestAnswer: 400 } as PreparedData;

function plan(preset: string, gibibytes: number, overrides: object = {}): Promise<PlanTrainingTask['output']> {
  const spec = resolveSpec({ preset, ...overrides });
  const name = 'from' in spec.model ? spec.model.from.replace('hf:', '') : '';
  const published = required(
    loaded.find((checkpoint) => checkpoint.name === name),
    name,
  );
  return planTraining(
    {
      config: readConfig(published.config, name),
      ...(spec.lora ? { lora: spec.lora } : {}),
      compute: spec.compute,
      steps: plannedSteps(spec, data),
      answers: longestAnswers(spec, data),
      room: { device: 'cuda', bytes: gibibytes * 2 ** 30 },
    },
    quietContext,
  );
}

const forGpus = Object.entries(presets).flatMap(([name, { gpuGiB }]) =>
  gpuGiB === undefined ? [] : [[name, gpuGiB] as const],
);

describe.each(forGpus)('the preset %s on a GPU of %d GiB', (name, gibibytes) => {
  it('fits, in micro-batches', async () => {
    const { steps, rollouts, budget } = await plan(name, gibibytes);
    for (const { bytes } of steps) expect(bytes).toBeLessThanOrEqual(0.9 * gibibytes * 2 ** 30);
    const ppo = required(
      steps.find((step) => step.name === 'PPO'),
      'PPO',
    );
    expect(ppo.sequences).toBeGreaterThanOrEqual(2);
    expect(ppo.parts.activations).toBeLessThanOrEqual(1.2 * budget.microBatch);
    expect(rollouts?.rows).toBeGreaterThanOrEqual(32);
  });
});

describe('codellama-7b-gsm8k with every weight', () => {
  it('is refused where adapters fit, which the message names', async () => {
    await expect(plan('codellama-7b-gsm8k', 140, { lora: null })).rejects.toThrow(
      /^PPO needs [\d.]+ GiB of memory even with one sequence in a micro-batch: .*optimiser state 50\.\d GiB, .*It fits with LoRA of rank 16 \([\d.]+ GiB\)/,
    );
  });
});
