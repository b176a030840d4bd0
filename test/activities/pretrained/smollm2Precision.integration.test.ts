/**
 * Half precision on a real model, SmolLM2-135M in the folder that `REFT_SMOLLM2` names: loss, gradients, log-probabilities and tokens are
 * near those of float32, within bounds that `activities/engine/README.md` states. It takes minutes: on the CPU half precision is emulated.
 */
import { expect, it } from 'vitest';
import { required } from '../../../activities/invariant.js';
import { measurePrecision, type PrecisionMeasures } from '../../bench/compute/measurePrecision.js';

const folder = process.env.REFT_SMOLLM2 ?? '';

it.skipIf(folder === '')(
  'SmolLM2-135M (REFT_SMOLLM2) in half precision is near itself in float32',
  async () => {
    const found = new Map<string, PrecisionMeasures>();
    for await (const measures of measurePrecision(folder)) found.set(measures.precision, measures);
    for (const [precision, bounds] of Object.entries({
      bfloat16: { loss: 3e-3, gradients: 0.08, worst: 0.2, logProbs: [0.5, 0.08], sampler: [0.6, 0.1], greedy: 0.15 },
      float16: {
        loss: 3e-4,
        gradients: 0.006,
        worst: 0.03,
        logProbs: [0.06, 0.005],
        sampler: [0.08, 0.01],
        greedy: 0.6,
      },
    } as const)) {
      const measures = required(found.get(precision), precision);
      expect(measures.lossError, precision).toBeLessThan(bounds.loss);
      expect(measures.gradientError, precision).toBeLessThan(bounds.gradients);
      expect(measures.worstGradientError, precision).toBeLessThan(bounds.worst);
      for (const name of ['logProbs', 'sampler'] as const) {
        const [largest, mean] = bounds[name];
        expect(measures[name].largest, `${precision} ${name}`).toBeLessThan(largest);
        expect(measures[name].mean, `${precision} ${name}`).toBeLessThan(mean);
      }
      expect(measures.greedyTokens / measures.ofTokens, precision).toBeGreaterThan(bounds.greedy);
      // Half precision it must be.
      expect(measures.gradientError, precision).toBeGreaterThan(1e-4);
    }
    // The computation itself, as far as sampler and trainer are two programs.
    expect(required(found.get('float32'), 'float32').sampler.largest).toBeLessThan(1e-3);
  },
  1_800_000,
);
