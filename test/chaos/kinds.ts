/** What is run: every method, small, and a comparison. */
import { methodNames } from '../../workflows/config/methods.js';

export interface RunKind {
  readonly name: string;
  /** The workflow's. */
  readonly type: string;
  readonly input: unknown;
}

/**
 * A model of this size is hardly ever right. So that every sample has its share in what is learned, and a run that samples others ends
 * otherwise, they are judged by each of their characters, beside the answer's own reward.
 */
const verifier = `def reward(example, response):
    total = sum((place + 1) * ord(character) for place, character in enumerate(response))
    return {'reward': total % 97 / 96, 'correct': total % 2 == 0}
`;
const reward = {
  name: 'sum',
  terms: [
    { part: 'characters', reward: { name: 'python', source: verifier } },
    { part: 'answer', reward: { name: 'answer' } },
  ],
};
const rounds = { epochs: 1 };
const spec = {
  preset: 'smoke',
  reward,
  offlineSelfTraining: rounds,
  onlineSelfTraining: rounds,
  expertIteration: rounds,
  grpo: rounds,
  dapo: { ...rounds, samplesPerQuestion: 4, dynamicSampling: { signal: 'reward' } },
  gspo: rounds,
};
/** The reward model and the baseline are `reft`'s part. */
const bare = { ...spec, sft: null, rewardModel: null };

const methods: readonly RunKind[] = methodNames.map((method) => ({
  name: method,
  type: method,
  input: method === 'reft' ? spec : { ...bare, sft: method === 'sft' ? { epochs: 2 } : null },
}));

const comparison: RunKind = {
  name: 'compare',
  type: 'compare',
  input: { run: { ...spec, rewardModel: null, seed: 2 }, methods: ['sft', 'reft'], seeds: [2] },
};

export const runKinds: readonly RunKind[] = [...methods, comparison];
