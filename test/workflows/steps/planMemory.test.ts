/** Which steps are planned for before a run trains, and the sentence a reader gets. */
import { describe, expect, it } from 'vitest';
import type { PreparedData } from '../../../activities/data/types.js';
import type { MethodName } from '../../../workflows/config/methods.js';
import type { OptimiserSpec } from '../../../workflows/config/optimiser.js';
import { resolveSpec } from '../../../workflows/config/resolve.js';
import { describePlan, plannedSteps } from '../../../workflows/steps/planMemory.js';
import { noParts, plannedBudget } from '../standIns.js';

const data = { longestPrompt: 40, longestAnswer: 30 } as PreparedData;

describe('plannedSteps', () => {
  it('takes the largest batch of each phase, every sequence as long as the longest', () => {
    const spec = resolveSpec({ preset: 'smoke', generation: { maxAnswerTokens: 24 } });
    const [annotated, sampled] = [30, 24].map((answerTokens) => ({ promptTokens: 40, answerTokens }));
    const optimiserOf = (section: { readonly optimiser: OptimiserSpec } | null) => ({ optimiser: section?.optimiser });
    expect(plannedSteps(spec, data)).toMatchObject([
      { name: 'warm-up', objective: 'supervised', ...optimiserOf(spec.warmUp), sequences: 8, ...annotated },
      { name: 'SFT', objective: 'supervised', ...optimiserOf(spec.sft), sequences: 8, ...annotated },
      { name: 'PPO', objective: 'policy', ...optimiserOf(spec.ppo), sequences: 8, ...sampled },
      { name: 'reward model', objective: 'rewardModel', ...optimiserOf(spec.rewardModel), sequences: 8, ...sampled },
    ]);
  });

  it('plans for the method that the run trains with', () => {
    const optimiser = { learningRate: 1e-3 };
    const rounds = { epochs: 1, questionsPerRound: 8, miniBatch: 4, samplesPerQuestion: 3, optimiser };
    const steps = (spec: object) => plannedSteps(resolveSpec({ preset: 'smoke', sft: null, ...spec }), data);
    expect(steps({ method: 'grpo', grpo: rounds })[1]).toMatchObject({
      name: 'GRPO',
      objective: 'policy',
      algorithm: { name: 'grpo' },
      sequences: 4,
    });
    // Three samples and the annotated answer of each of four questions, as long as the longer of both.
    expect(steps({ method: 'online-self-training', onlineSelfTraining: rounds })[1]).toMatchObject({
      objective: 'supervised',
      sequences: 16,
      answerTokens: 30,
    });
    const offline = { batchSize: 5, optimiser };
    expect(steps({ method: 'offline-self-training', offlineSelfTraining: offline })[1]).toMatchObject({ sequences: 5 });
  });

  it('plans for every method of a comparison, and for no other', () => {
    const optimiser = { learningRate: 1e-3 };
    const rounds = { epochs: 1, questionsPerRound: 8, miniBatch: 4, samplesPerQuestion: 3, optimiser };
    const spec = resolveSpec({ preset: 'smoke', grpo: rounds });
    const names = (methods: readonly MethodName[]) => plannedSteps(spec, data, methods).map(({ name }) => name);
    expect(names(['grpo', 'online-self-training', 'reft'])).toEqual([
      'warm-up',
      'GRPO',
      'online self-training',
      'PPO',
      'reward model',
    ]);
    expect(names(['sft', 'rloo'])).toEqual(['warm-up', 'SFT', 'RLOO', 'reward model']);
  });

  it('leaves out what the run leaves out', () => {
    const spec = resolveSpec({ preset: 'smoke', method: 'sft', rewardModel: null });
    expect(plannedSteps(spec, data).map(({ name }) => name)).toEqual(['warm-up', 'SFT']);
  });
});

describe('describePlan', () => {
  it('says what each step needs, in how many parts, and what the machine has', () => {
    const plan = {
      steps: [
        { name: 'warm-up', bytes: 2 ** 29, parts: noParts, sequences: 8, microBatches: 1 },
        { name: 'PPO', bytes: 1.25 * 2 ** 30, parts: noParts, sequences: 4, microBatches: 2 },
      ],
      usableBytes: 8 * 2 ** 30,
      room: { device: 'cpu', bytes: 16 * 2 ** 30 } as const,
      budget: plannedBudget,
    };
    expect(describePlan(plan)).toBe(
      "A training step takes at most 0.50 GiB (warm-up), 1.3 GiB (PPO, in 2 parts); training may take 8.0 GiB of the machine's 16.0 GiB.",
    );
  });
});
