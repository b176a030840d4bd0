/** Specifications of runs, comparisons and evaluations, as JSON. */
import { at } from '../../../activities/invariant.js';
import { resolveComparison, resolveEvaluation, resolveSpec } from '../../../workflows/config/resolve.js';
import { hostileJson } from '../mutate.js';
import type { Target } from '../target.js';

const data = {
  source: { train: 'a.jsonl', test: { from: 's3://b/c', format: 'csv' }, fields: { question: 'q', value: 'v' } },
  cot: 'natural',
  validation: 10,
};
const run = { preset: 'demo', seed: 2, method: 'grpo', data, reward: { name: 'answer', partialReward: 0.1 } };
const full = resolveSpec({ preset: 'demo' });
const specs: readonly (readonly [unknown, (input: unknown) => unknown])[] = [
  [
    { preset: 'demo', seed: 2, ppo: { epochs: 20, klCoefficient: 0.05, optimiser: { learningRate: 1e-4 } } },
    resolveSpec,
  ],
  [run, resolveSpec],
  [full, resolveSpec],
  [{ preset: 'paper-small', seeds: [1, 2], methods: ['reft', 'sft'], run: { ppo: { epochs: 3 } } }, resolveComparison],
  [{ model: { from: 'hf:org/name' }, data: { source: 'generated', test: 10 }, samples: 5 }, resolveEvaluation],
];

/** The first byte says which it is. */
export const spec: Target = {
  make: (random) => {
    const chosen = random.integer(0, specs.length - 1);
    return Buffer.concat([Uint8Array.of(chosen), hostileJson([at(specs, chosen)[0]], random)]);
  },
  sound: () => specs.map(([spec], place) => Buffer.concat([Uint8Array.of(place), Buffer.from(JSON.stringify(spec))])),
  read: (input) => {
    const [, resolve] = at(specs, Number(input[0]) % specs.length);
    let json: unknown;
    try {
      json = JSON.parse(Buffer.from(input.subarray(1)).toString());
    } catch {
      // Temporal and the command parse it before us.
      return undefined;
    }
    return resolve(json);
  },
};
