/**
 * From every question's verdicts to a comparison of methods: mean, spread and interval of each, and a paired test of each two.
 *
 * Methods meet on the same questions, seed by seed, and started from the same warm-up, so what is compared is the difference
 * on each question, not two averages.
 */

import { type MeasureName, measureNames } from '../../workflows/config/measures.js';
import { at } from '../invariant.js';
import { type Block, bootstrap } from './bootstrap.js';
import { holm, pairedTest } from './pairedTest.js';
import type { ComparedModel, ComparisonMetrics, PairMetrics, Verdict } from './types.js';

/** Whether a way to answer got a question right; undefined where it was not tried. */
const measures: Readonly<Record<MeasureName, (verdict: Verdict) => boolean | undefined>> = {
  top1: ({ top1 }) => top1,
  voting: ({ voting }) => voting,
  reranking: ({ reranking }) => reranking,
  weightedVoting: ({ weightedVoting }) => weightedVoting,
  upperBound: ({ correct }) => (correct === undefined ? undefined : correct > 0),
};

/** The answers of one model. */
export interface ModelVerdicts {
  readonly model: ComparedModel;
  /** Of its training; absent for the model that all trainings started from, which is paired with each of them. */
  readonly seed?: number;
  readonly verdicts: readonly Verdict[];
}

export interface CompareOptions {
  readonly replicates: number;
  /** Of the bootstrap's random numbers. */
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Rows and pairs in the order in which models first occur; a model is left out of the seeds it has no verdicts for. */
export async function compareModels(
  all: readonly ModelVerdicts[],
  options: CompareOptions,
): Promise<Omit<ComparisonMetrics, 'samples'>> {
  const trained = [...new Set(all.flatMap(({ seed }) => (seed === undefined ? [] : [seed])))];
  const seeds = trained.length > 0 ? trained : [undefined];
  const models = [...new Set(all.map(({ model }) => model))];
  const present = measureNames.filter((measure) =>
    all.some(({ verdicts }) => verdicts.some((verdict) => measures[measure](verdict) !== undefined)),
  );
  const blocks = seeds.map((seed): Block => {
    const ofSeed = all.filter((one) => one.seed === undefined || one.seed === seed);
    const columns = ofSeed.flatMap(({ model, verdicts }) =>
      present.map((measure) => [column(model, measure), outcomes(verdicts, measure)] as const),
    );
    return new Map(columns);
  });
  const { meanInterval, differenceInterval } = await bootstrap(blocks, options);

  const rows = models.map((model) => ({
    model,
    seeds: all.flatMap((one) => (one.model === model && one.seed !== undefined ? [one.seed] : [])),
    measures: present.flatMap((measure) => {
      const perSeed = all.flatMap((one) => (one.model === model ? [100 * mean(outcomes(one.verdicts, measure))] : []));
      const interval = meanInterval(column(model, measure));
      if (interval === undefined) return [];
      const { low, high } = interval;
      const spread = standardDeviation(perSeed);
      return [
        {
          measure,
          perSeed,
          mean: mean(perSeed),
          ...(spread === undefined ? {} : { standardDeviation: spread }),
          low: 100 * low,
          high: 100 * high,
        },
      ];
    }),
  }));
  const pairs = present.flatMap((measure) =>
    withCorrection(
      models.flatMap((a, index) =>
        models.slice(0, index).flatMap((b) => {
          const [ofA, ofB] = [column(a, measure), column(b, measure)];
          const shared = blocks.flatMap((block) => {
            const [left, right] = [block.get(ofA), block.get(ofB)];
            return left && right ? [Int8Array.from(left, (value, question) => value - at(right, question))] : [];
          });
          const interval = differenceInterval(ofA, ofB);
          if (interval === undefined) return [];
          return [
            {
              measure,
              a,
              b,
              difference: 100 * mean(shared.map(mean)),
              low: 100 * interval.low,
              high: 100 * interval.high,
              seeds: shared.length,
              p: pairedTest(summed(shared)),
            },
          ];
        }),
      ),
    ),
  );
  return { measures: present, rows, pairs, questions: at(all, 0).verdicts.length };
}

function column(model: ComparedModel, measure: MeasureName): string {
  return `${model} ${measure}`;
}

function outcomes(verdicts: readonly Verdict[], measure: MeasureName): Int8Array {
  return Int8Array.from(verdicts, (verdict) => (measures[measure](verdict) ? 1 : 0));
}

function withCorrection(pairs: readonly Omit<PairMetrics, 'pCorrected'>[]): PairMetrics[] {
  const corrected = holm(pairs.map(({ p }) => p));
  return pairs.map((pair, index) => ({ ...pair, pCorrected: at(corrected, index) }));
}

/** Question by question over the trainings: they are answers to the same question, and not independent. */
function summed(differences: readonly Int8Array[]): number[] {
  return Array.from(at(differences, 0), (_, question) =>
    differences.reduce((sum, ofSeed) => sum + at(ofSeed, question), 0),
  );
}

function mean(values: readonly number[] | Int8Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Of a sample (n − 1 below); undefined for a single value. */
function standardDeviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
