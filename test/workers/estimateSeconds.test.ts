/** How long `reft plan` thinks a run takes, from what another took. */
import { expect, it } from 'vitest';
import { estimateSeconds } from '../../workers/command/estimateSeconds.js';
import { resolveSpec } from '../../workflows/config/resolve.js';

const work = (engineSeconds: number) => ({ engineSeconds, forwardTokens: 0, backwardTokens: 0, generatedTokens: 0 });
const data = { train: 2_000, validation: 200, test: 1_000 };
const spec = resolveSpec({ preset: 'demo', sft: null });
const measured = {
  id: 'before',
  spec,
  data,
  work: { 'warm-up': work(10), 'ppo rollout': work(30), 'ppo update': work(40), evaluation: work(20) },
  seconds: 150,
};

it('is what the other took where nothing differs', () => {
  expect(estimateSeconds(spec, data, measured)).toBeCloseTo(150);
});

it('grows with epochs, questions and samples, each kind of work by itself', () => {
  const twice = resolveSpec({ preset: 'demo', sft: null, ppo: { epochs: 2 * Number(spec.ppo?.epochs) } });
  // 70 of 100 s of the engine take twice as long.
  expect(estimateSeconds(twice, data, measured)).toBeCloseTo(1.7 * 150);
  expect(estimateSeconds(spec, { ...data, test: 3_000 }, measured)).toBeCloseTo(1.4 * 150);
  expect(estimateSeconds(spec, { ...data, train: 1_000 }, measured)).toBeCloseTo(0.6 * 150);
});

it('tells the measuring of pass rates, where the other measured some', () => {
  const withDifficulty = (samplesPerQuestion: number) =>
    resolveSpec({ preset: 'demo', sft: null, difficulty: { samplesPerQuestion } });
  const known = { ...measured, spec: withDifficulty(4), work: { ...measured.work, difficulty: work(100) } };
  expect(estimateSeconds(withDifficulty(8), data, known)).toBeCloseTo(1.5 * 150);
  expect(estimateSeconds(spec, data, known)).toBeCloseTo(0.5 * 150);
});
