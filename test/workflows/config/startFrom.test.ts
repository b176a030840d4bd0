/** What a branch and the run it leaves have to have in common. */
import { describe, expect, it } from 'vitest';
import { differencesFrom } from '../../../workflows/config/differencesFrom.js';
import { methodNames } from '../../../workflows/config/methods.js';
import { presets } from '../../../workflows/config/presets/index.js';
import { resolveComparison, resolveEvaluation, resolveSpec } from '../../../workflows/config/resolve.js';

const parent = resolveSpec({ preset: 'smoke' });
const differences = (changes: object, round = 2) =>
  differencesFrom(resolveSpec({ preset: 'smoke', ...changes }), parent, { run: 'p', round });

describe('a branch', () => {
  it('may have another seed and other hyper-parameters', () => {
    expect(differences({ seed: 9, ppo: { klCoefficient: 0.5, epochs: 7 }, sft: null, title: 'x' })).toEqual([]);
  });

  it('has the questions, the model, and where answers stand of the run that it leaves, and its method', () => {
    expect(
      differences({ data: { train: 40 }, model: { layers: 2 }, method: 'grpo', lora: { rank: 4, alpha: 8 } }),
    ).toEqual([
      'data.train: got 40, allowed: 32, as in run p (startFrom)',
      'model.layers: got 2, allowed: 1, as in run p (startFrom)',
      expect.stringMatching(/^lora: got \{"rank":4.*allowed: null, as in run p/),
      'method: got "grpo", allowed: "reft", as in run p (startFrom)',
    ]);
    const comparison = { name: 'numeric', absoluteTolerance: 0.5 };
    expect(differences({ reward: { name: 'answer', comparison } })).toEqual([
      expect.stringMatching(/^reward\.comparison: got \{"name":"numeric".*, allowed: nothing, as in run p/),
    ]);
  });

  it('may leave the warm-up by another method', () => {
    expect(differences({ method: 'grpo' }, 0)).toEqual([]);
  });

  it('is not for a comparison', () => {
    const run = { preset: 'smoke', startFrom: { run: 'p', round: 1 } };
    expect(() => resolveComparison({ run, methods: ['sft'], seeds: [1] })).toThrow(
      'run.startFrom: not for a comparison',
    );
  });
});

describe('a specification', () => {
  it('is resolved as it was, however often: what a run carries on is resolved by later code', () => {
    for (const preset of Object.keys(presets))
      for (const method of methodNames) {
        let once: ReturnType<typeof resolveSpec>;
        try {
          once = resolveSpec({ preset, method });
        } catch {
          continue;
        }
        expect(resolveSpec(once)).toEqual(once);
      }
  });

  it('of a later version is refused by name', () => {
    const later = { version: 2, preset: 'smoke' };
    expect(() => resolveSpec(later)).toThrow(
      'What is to run is the specification of a run of version 2; this ReFT knows',
    );
    expect(() => resolveComparison(later)).toThrow('the specification of a comparison of version 2');
    expect(() => resolveEvaluation(later)).toThrow('the specification of an evaluation of version 2');
    expect(resolveSpec({ version: 1, preset: 'smoke' })).toEqual(resolveSpec({ preset: 'smoke' }));
  });
});

it('may leave open what its answers are where the earlier run said it, and not say another', () => {
  const files = { train: 'a.jsonl', test: 'b.jsonl' };
  const spec = (answers?: string) =>
    resolveSpec({ preset: 'smoke', data: { cot: 'natural', source: { ...files, ...(answers ? { answers } : {}) } } });
  const found = (own?: string, other?: string) => differencesFrom(spec(own), spec(other), { run: 'p', round: 1 });
  expect(found(undefined, 'number')).toEqual([]);
  expect(found('number', 'number')).toEqual([]);
  expect(found('text', 'number')).toEqual([expect.stringMatching(/^data\.source\.answers: got "text", allowed: "num/)]);
});
