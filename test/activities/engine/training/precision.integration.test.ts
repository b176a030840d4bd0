/** Hundreds of steps in half precision: a task is learned as in float32. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { uniform } from '../../../../activities/engine/sampling/random.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { createTrainer } from '../../../../activities/engine/training/trainer.js';
import type { ComputeSettings } from '../../../../activities/engine/weights/modelFiles.js';
import { temporaryFolder, writeModel } from '../modelFolder.js';
import { gradientsAsMoments } from '../runGraph.js';
import { randomParameters } from '../support/randomParameters.js';
import { tinyConfig } from '../support/tinyConfig.js';

const [steps, last] = [300, 100];
const folder = await temporaryFolder();
const files = await writeModel(join(folder, 'start.safetensors'), tinyConfig, randomParameters(tinyConfig, 0.05));
const adamW = { ...gradientsAsMoments, beta1: 0.9, beta2: 0.98, epsilon: 1e-8, maxGradNorm: 1 } as const;

/** The mean loss of the last steps, and of the first ones. */
async function train(precision: ComputeSettings['precision']) {
  const compute = { precision, recompute: false, attentionInBlocks: false };
  const trainer = await createTrainer({ objective: 'supervised', config: tinyConfig, compute }, files, adamW);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { loss, gradient_norm } = await trainer.step(
      [supervisedFeeds(batch(step), 8 * 8)],
      4e-3 * (1 - step / steps),
    );
    // Neither NaN nor infinite: such a step would have thrown.
    expect(gradient_norm).toBeGreaterThan(0);
    losses.push(loss ?? Number.NaN);
  }
  const mean = (part: readonly number[]): number => part.reduce((sum, loss) => sum + loss, 0) / part.length;
  return { first: mean(losses.slice(0, 10)), last: mean(losses.slice(-last)), scaling: trainer.scaling() };
}

/** Numbers that go up by one from anywhere, modulo 20; every fourth is any number, so that the loss has a floor above zero. */
function batch(step: number) {
  return Array.from({ length: 8 }, (_, row) => {
    const any = (position: number): number =>
      Math.floor(20 * uniform({ seed: 3, purpose: 'rollout', round: 0, example: step, sample: row, position }));
    const tokens: number[] = [];
    for (let place = 0; place < 10; place++)
      tokens.push(place % 4 === 0 ? any(place) : ((tokens.at(-1) ?? 0) + 1) % 20);
    const shifted = tokens.map((token) => token + 2);
    return { prompt: shifted.slice(0, 2), answer: shifted.slice(2) };
  });
}

it('learns a task as float32 does, within 1 % of its loss', async () => {
  const full = await train('float32');
  expect(full.last).toBeLessThan(0.4 * full.first);
  for (const precision of ['bfloat16', 'float16'] as const) {
    const half = await train(precision);
    expect(Math.abs(half.last / full.last - 1), precision).toBeLessThan(0.01);
    expect(half.scaling).toEqual(precision === 'float16' ? { skippedSteps: 0, lossScale: 2 ** 16 } : {});
  }
}, 120_000);
