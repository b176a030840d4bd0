/** The comparison's statistics: means and spreads by hand, pairing by seed and question, what is missing, and Holm over all pairs. */
import { describe, expect, it } from 'vitest';
import { compareModels, type ModelVerdicts } from '../../../activities/evaluation/compareModels.js';
import { holm, pairedTest } from '../../../activities/evaluation/pairedTest.js';
import type { Verdict } from '../../../activities/evaluation/types.js';

const options = { replicates: 500, seed: 1 };

/** `1011`: which questions were answered right. */
function greedy(text: string): Verdict[] {
  return [...text].map((digit) => ({ top1: digit === '1' }));
}

function models(verdicts: Readonly<Record<string, readonly [string, string]>>): ModelVerdicts[] {
  return Object.entries(verdicts).flatMap(([model, texts]) =>
    texts.map((text, index) => ({ model: model as ModelVerdicts['model'], seed: index + 1, verdicts: greedy(text) })),
  );
}

describe('a comparison of models', () => {
  const sft = ['1100110000', '1111000000'] as const;
  const reft = ['1110111100', '1111001100'] as const;

  it('gives mean, standard deviation and interval over seeds', async () => {
    const { rows, measures, questions } = await compareModels(models({ sft, reft }), options);
    expect({ measures, questions }).toEqual({ measures: ['top1'], questions: 10 });
    expect(rows.map(({ model, seeds }) => [model, seeds])).toEqual([
      ['sft', [1, 2]],
      ['reft', [1, 2]],
    ]);
    const [ofSft, ofReft] = rows.map(({ measures: all }) => all[0]);
    expect(ofSft?.perSeed.map(Math.round)).toEqual([40, 40]);
    expect(ofSft?.standardDeviation).toBeCloseTo(0, 12);
    expect(ofReft?.perSeed.map(Math.round)).toEqual([70, 60]);
    expect(ofReft?.mean).toBeCloseTo(65, 12);
    expect(ofReft?.standardDeviation).toBeCloseTo(Math.sqrt(50), 12);
    for (const one of [ofSft, ofReft]) {
      expect(one?.low).toBeLessThan(one?.mean ?? 0);
      expect(one?.high).toBeGreaterThan(one?.mean ?? 0);
    }
  });

  it('tests each two on the same questions', async () => {
    const [first] = (await compareModels(models({ sft, reft }), options)).pairs;
    expect(first).toMatchObject({ a: 'reft', b: 'sft', measure: 'top1', seeds: 2 });
    expect(first?.difference).toBeCloseTo(25, 12);
    expect(first?.low).toBeGreaterThanOrEqual(0);
    const both = [...reft[0]].map(
      (digit, q) => Number(digit) - Number(sft[0][q]) + Number(reft[1][q]) - Number(sft[1][q]),
    );
    expect(first?.p).toBeCloseTo(pairedTest(both), 12);
    // Seed 1 has three questions that ReFT alone got right, seed 2 two of the same: their coins are tossed once.
    expect(first?.p).toBeCloseTo(2 / 2 ** 3, 12);
  });

  it('compares over the seeds that both have', async () => {
    const all = models({ warmUp: ['0000000000', '0000000000'], sft, reft }).filter(
      ({ model, seed }) => !(model === 'reft' && seed === 2),
    );
    const { rows, pairs } = await compareModels(all, options);
    expect(rows.at(-1)).toMatchObject({ model: 'reft', seeds: [1] });
    expect(rows.at(-1)?.measures[0]).not.toHaveProperty('standardDeviation');
    const between = pairs.find(({ a, b }) => a === 'reft' && b === 'sft');
    expect(between).toMatchObject({ seeds: 1 });
    expect(between?.difference).toBeCloseTo(30, 12);
    expect(pairs.map(({ pCorrected }) => pCorrected)).toEqual(holm(pairs.map(({ p }) => p)));
  });

  it('pairs what all trainings started from with each of them', async () => {
    const warmUp = { model: 'warmUp', verdicts: greedy('1100000000') } as const;
    const { rows, pairs } = await compareModels([warmUp, ...models({ reft })], options);
    expect(rows[0]).toMatchObject({ model: 'warmUp', seeds: [], measures: [{ perSeed: [20] }] });
    expect(rows[0]?.measures[0]).not.toHaveProperty('standardDeviation');
    expect(pairs).toHaveLength(1);
    expect(pairs[0]).toMatchObject({ a: 'reft', b: 'warmUp', seeds: 2 });
    expect(pairs[0]?.difference).toBeCloseTo(45, 12);
    // Questions that both trainings gained, and those that one did.
    expect(pairs[0]?.p).toBeCloseTo(pairedTest([0, 0, 2, 1, 1, 1, 2, 2, 0, 0]), 12);

    const alone = await compareModels([warmUp], options);
    expect(alone.rows[0]?.measures[0]?.mean).toBeCloseTo(20, 12);
    expect(alone.pairs).toEqual([]);
  });

  it('has every measure that some model has', async () => {
    const verdicts: Verdict[] = [
      { top1: true, voting: true, correct: 2 },
      { top1: false, voting: false, correct: 1 },
      { top1: false, voting: false, correct: 0 },
    ];
    const { measures, rows } = await compareModels([{ model: 'sft', seed: 1, verdicts }], options);
    expect(measures).toEqual(['top1', 'voting', 'upperBound']);
    expect(rows[0]?.measures.map(({ mean }) => Math.round(mean))).toEqual([33, 33, 67]);
  });
});
