/** A comparison's statistics, on verdicts small enough to count by hand. */
import { describe, expect, it } from 'vitest';
import { estimateDifference, estimateShare } from '../../../activities/evaluation/chance.js';
import { compareModels, type ModelVerdicts } from '../../../activities/evaluation/compareModels.js';
import { holm } from '../../../activities/evaluation/holm.js';
import type { Verdict } from '../../../activities/evaluation/types.js';

/** `1011`: which questions were answered right. */
function greedy(text: string): Verdict[] {
  return [...text].map((digit) => ({ top1: digit === '1' }));
}

/** The models of one warm-up, each trained with seeds 1, 2, …. */
function models(verdicts: Readonly<Record<string, readonly string[]>>, warmUp = 7): ModelVerdicts[] {
  return Object.entries(verdicts).flatMap(([model, texts]) =>
    texts.map((text, index) => ({
      model: model as ModelVerdicts['model'],
      warmUp,
      seed: index + 1,
      verdicts: greedy(text),
    })),
  );
}

const bits = (text: string): number[] => [...text].map(Number);
const less = (a: string, b: string): number[] => bits(a).map((value, question) => value - Number(b[question]));

describe('a comparison of models', () => {
  const sft = ['1100110000', '1111000000'] as const;
  const reft = ['1110111100', '1111001100'] as const;

  it('gives mean, standard deviation and interval over the trainings', () => {
    const { rows, measures, questions, warmUps } = compareModels(models({ sft, reft }));
    expect({ measures, questions, warmUps }).toEqual({ measures: ['top1'], questions: 10, warmUps: 1 });
    expect(rows.map(({ model, trainings }) => [model, trainings])).toEqual([
      ['sft', [1, 2].map((seed) => ({ warmUp: 7, seed }))],
      ['reft', [1, 2].map((seed) => ({ warmUp: 7, seed }))],
    ]);
    const [ofSft, ofReft] = rows.map(({ measures: all }) => all[0]);
    expect(ofSft?.perTraining.map(Math.round)).toEqual([40, 40]);
    expect(ofSft?.standardDeviation).toBeCloseTo(0, 12);
    expect(ofReft?.perTraining.map(Math.round)).toEqual([70, 60]);
    expect(ofReft?.mean).toBeCloseTo(65, 12);
    expect(ofReft?.standardDeviation).toBeCloseTo(Math.sqrt(50), 12);
    const { low, high } = estimateShare(reft.map(bits));
    expect([ofReft?.low, ofReft?.high]).toEqual([100 * low, 100 * high]);
  });

  it('tests each two on the same questions, training by training', () => {
    const [first] = compareModels(models({ sft, reft })).pairs;
    expect(first).toMatchObject({ a: 'reft', b: 'sft', measure: 'top1', trainings: 2, warmUps: 1 });
    expect(first?.difference).toBeCloseTo(25, 12);
    const { p, low } = estimateDifference([less(reft[0], sft[0]), less(reft[1], sft[1])]);
    expect(first).toMatchObject({ p, low: 100 * low });
  });

  it('gives no p where there is one training of each', () => {
    const { pairs, rows } = compareModels(models({ sft: [sft[0]], reft: [reft[0]] }));
    expect(pairs).toHaveLength(1);
    expect(pairs[0]).not.toHaveProperty('p');
    expect(pairs[0]).not.toHaveProperty('pCorrected');
    expect(pairs[0]?.low).toBeLessThan(30);
    expect(rows[0]?.measures[0]).not.toHaveProperty('standardDeviation');
  });

  it('compares over the trainings that both have', () => {
    const all = models({ rloo: ['0000000000', '0000000000'], sft, reft }).filter(
      ({ model, seed }) => !(model === 'reft' && seed === 2),
    );
    const { rows, pairs } = compareModels(all);
    expect(rows.at(-1)).toMatchObject({ model: 'reft', trainings: [{ warmUp: 7, seed: 1 }] });
    const between = pairs.find(({ a, b }) => a === 'reft' && b === 'sft');
    expect(between).toMatchObject({ trainings: 1 });
    expect(between?.difference).toBeCloseTo(30, 12);
    const tested = pairs.flatMap(({ p }) => (p === undefined ? [] : [p]));
    expect(pairs.flatMap(({ pCorrected }) => (pCorrected === undefined ? [] : [pCorrected]))).toEqual(holm(tested));
    expect(tested).toHaveLength(1);
  });

  it('pairs a warm-up with each training from it', () => {
    const warmUp = { model: 'warmUp', warmUp: 7, verdicts: greedy('1100000000') } as const;
    const { rows, pairs } = compareModels([warmUp, ...models({ reft })]);
    expect(rows[0]).toMatchObject({ model: 'warmUp', trainings: [{ warmUp: 7 }], measures: [{ perTraining: [20] }] });
    expect(pairs).toHaveLength(1);
    expect(pairs[0]).toMatchObject({ a: 'reft', b: 'warmUp', trainings: 2 });
    expect(pairs[0]?.difference).toBeCloseTo(45, 12);

    const alone = compareModels([warmUp]);
    expect(alone.rows[0]?.measures[0]?.mean).toBeCloseTo(20, 12);
    expect(alone.pairs).toEqual([]);
  });

  it('takes each warm-up as one draw, where there are several, and never pairs across them', () => {
    const other = ['1010101010', '1110101010'] as const;
    const all = [...models({ sft, reft }), ...models({ sft: other, reft: other }, 8)];
    const { rows, pairs, warmUps } = compareModels(all);
    expect(warmUps).toBe(2);
    expect(rows[0]?.measures[0]?.perTraining).toHaveLength(4);
    expect(pairs[0]).toMatchObject({ trainings: 4, warmUps: 2 });
    const means = less(reft[0], sft[0]).map((value, question) => (value + Number(less(reft[1], sft[1])[question])) / 2);
    const { mean, p } = estimateDifference([means, means.map(() => 0)]);
    expect(pairs[0]?.difference).toBeCloseTo(100 * mean, 12);
    expect(pairs[0]?.p).toBeCloseTo(p ?? Number.NaN, 12);
  });

  it('has every measure that some model has', () => {
    const verdicts: Verdict[] = [
      { top1: true, voting: true, correct: 2 },
      { top1: false, voting: false, correct: 1 },
      { top1: false, voting: false, correct: 0 },
    ];
    const { measures, rows } = compareModels([{ model: 'sft', warmUp: 1, seed: 1, verdicts }]);
    expect(measures).toEqual(['top1', 'voting', 'upperBound']);
    expect(rows[0]?.measures.map(({ mean }) => Math.round(mean))).toEqual([33, 33, 67]);
  });
});

describe('Holm’s correction', () => {
  it('is the published one', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(6)))).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([0.6, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});
