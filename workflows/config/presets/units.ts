/** The preset `units`: a user's own JSON Lines (`test/examples/units`) and a scorer of theirs, a Temporal worker in Python. */
import type { SpecPreset } from '../spec.js';
import { smoke } from './smoke.js';

export const units: SpecPreset = {
  ...smoke,
  title: 'Units: own JSON Lines, scored by a worker in Python',
  data: {
    source: {
      train: 'units/train.jsonl',
      test: 'units/test.jsonl',
      fields: { question: 'ask', answer: 'explained', value: 'number' },
    },
    cot: 'natural',
    validation: 4,
  },
  reward: { name: 'activity', type: 'units', taskQueue: 'units' },
  generation: { maxAnswerTokens: 48, questionsPerShard: 8 },
  sft: null,
  rewardModel: null,
};
