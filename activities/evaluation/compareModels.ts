/**
 * From every question's verdicts to a comparison of methods: mean, spread and interval of each, and the difference of each two.
 *
 * Methods meet on the same questions, and from the same warm-up with the same seed, so what is compared is the difference on each
 * question, not two averages. What varies by chance besides the questions (`chance.ts`): warm-ups where there are several, a warm-up's
 * trainings taken together, because they share its luck; otherwise the trainings from the one warm-up, and what is found holds for it.
 */
import { type MeasureName, measureNames } from '../../workflows/config/measures.js';
import { at } from '../invariant.js';
import { average, estimateDifference, estimateShare, type Row } from './chance.js';
import { holm } from './holm.js';
import type { ComparedModel, ComparedSeeds, ComparisonMetrics, PairMetrics, Verdict } from './types.js';

/** Whether a way to answer got a question right; undefined where it was not tried. */
const measures: Readonly<Record<MeasureName, (verdict: Verdict) => boolean | undefined>> = {
  top1: ({ top1 }) => top1,
  voting: ({ voting }) => voting,
  reranking: ({ reranking }) => reranking,
  weightedVoting: ({ weightedVoting }) => weightedVoting,
  upperBound: ({ correct }) => (correct === undefined ? undefined : correct > 0),
};

/** The answers of one model. A warm-up is paired with each training that started from it. */
export interface ModelVerdicts extends ComparedSeeds {
  readonly model: ComparedModel;
  readonly verdicts: readonly Verdict[];
}

/** A training's value for every question, and the warm-up that it started from. */
interface Training {
  readonly warmUp: number;
  readonly row: Row;
}

/** Rows and pairs in the order in which models first occur. */
export function compareModels(all: readonly ModelVerdicts[]): Omit<ComparisonMetrics, 'samples'> {
  const models = [...new Set(all.map(({ model }) => model))];
  const present = measureNames.filter((measure) =>
    all.some(({ verdicts }) => verdicts.some((verdict) => measures[measure](verdict) !== undefined)),
  );
  const rows = models.map((model) => {
    const own = all.filter((one) => one.model === model);
    return {
      model,
      trainings: own.map(({ warmUp, seed }) => (seed === undefined ? { warmUp } : { warmUp, seed })),
      measures: present.map((measure) => {
        const trainings = own.map(({ warmUp, verdicts }) => ({ warmUp, row: outcomes(verdicts, measure) }));
        const perTraining = trainings.map(({ row }) => 100 * average(row));
        const { mean, low, high } = estimateShare(drawn(trainings));
        const spread = standardDeviation(perTraining);
        return {
          measure,
          perTraining,
          mean: 100 * mean,
          ...(spread === undefined ? {} : { standardDeviation: spread }),
          low: 100 * low,
          high: 100 * high,
        };
      }),
    };
  });
  const pairs = present.flatMap((measure) =>
    withCorrection(
      models.flatMap((a, index) =>
        models.slice(0, index).flatMap((b) => {
          const shared = differences(all, measure, a, b);
          if (shared.length === 0) return [];
          const { mean, low, high, p } = estimateDifference(drawn(shared));
          return [
            {
              measure,
              a,
              b,
              difference: 100 * mean,
              low: 100 * low,
              high: 100 * high,
              ...(p === undefined ? {} : { p }),
              trainings: shared.length,
              warmUps: warmUpsOf(shared).length,
            },
          ];
        }),
      ),
    ),
  );
  return { measures: present, rows, pairs, warmUps: warmUpsOf(all).length, questions: at(all, 0).verdicts.length };
}

/** `a` less `b` on every question, for each training that both have. */
function differences(
  all: readonly ModelVerdicts[],
  measure: MeasureName,
  a: ComparedModel,
  b: ComparedModel,
): readonly Training[] {
  return all.flatMap((left) => {
    if (left.model !== a) return [];
    return all.flatMap((right) => {
      const { warmUp } = left;
      const sameSeed = left.seed === right.seed || left.seed === undefined || right.seed === undefined;
      if (right.model !== b || right.warmUp !== warmUp || !sameSeed) return [];
      const subtracted = outcomes(right.verdicts, measure);
      return [
        { warmUp, row: outcomes(left.verdicts, measure).map((value, question) => value - at(subtracted, question)) },
      ];
    });
  });
}

/** What is drawn by chance: each warm-up, as the mean of its trainings, where there are several; else each training. */
function drawn(trainings: readonly Training[]): readonly Row[] {
  const warmUps = warmUpsOf(trainings);
  if (warmUps.length === 1) return trainings.map(({ row }) => row);
  return warmUps.map((warmUp) => meanRow(trainings.flatMap((one) => (one.warmUp === warmUp ? [one.row] : []))));
}

function warmUpsOf(trainings: readonly { readonly warmUp: number }[]): readonly number[] {
  return [...new Set(trainings.map(({ warmUp }) => warmUp))];
}

function meanRow(rows: readonly Row[]): Row {
  return Float64Array.from(at(rows, 0), (_, question) => average(rows.map((row) => at(row, question))));
}

function outcomes(verdicts: readonly Verdict[], measure: MeasureName): Int8Array {
  return Int8Array.from(verdicts, (verdict) => (measures[measure](verdict) ? 1 : 0));
}

/** Those without a p take no part. */
function withCorrection(pairs: readonly Omit<PairMetrics, 'pCorrected'>[]): PairMetrics[] {
  const corrected = holm(pairs.flatMap(({ p }) => (p === undefined ? [] : [p])));
  let next = 0;
  return pairs.map((pair) => (pair.p === undefined ? pair : { ...pair, pCorrected: at(corrected, next++) }));
}

/** Of a sample (n − 1 below); undefined for a single value. */
function standardDeviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const centre = average(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
