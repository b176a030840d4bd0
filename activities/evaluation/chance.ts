/**
 * How far a measured mean would move had other trainings been run and other questions been asked, and whether a difference is more than
 * that: one model for interval and test, so that the two cannot disagree.
 *
 * A table has a row for each training and a column for each question. Both are drawn by chance: value = mean + training + question +
 * rest, each with a variance of its own. That is the design of readers and cases in diagnostic studies: trainings read, questions are
 * the cases. Variance of the mean and degrees of freedom are those of Hillis, "A comparison of denominator degrees of freedom methods
 * for multiple observer ROC analysis", Statistics in Medicine 26 (2007), with Student's t. Few trainings give few degrees of freedom:
 * an interval as wide, and a p as large, as so few can carry. Percentiles of a bootstrap over three trainings would be far too narrow.
 */
import jStat from 'jstat';
import { InternalError } from '../errors.js';
import { at } from '../invariant.js';

/** A value for every question, in the data set's order. */
export type Row = ArrayLike<number>;

export interface Estimate {
  readonly mean: number;
  /** Bounds of the 95 % interval. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, of the mean being zero. Absent for a single row, which says nothing of how much rows vary. */
  readonly p?: number;
}

/** Beyond so many, Student's t is the normal distribution to seven digits, and jStat's inverse loses its own. */
const mostDegrees = 1e6;

/**
 * The mean of differences, symmetric around it. Of a single row only the questions vary.
 * @param rows one a training, at least one, of equally many questions: at least two
 * @throws InternalError when a row is missing or lengths differ
 */
export function estimateDifference(rows: readonly Row[]): Estimate {
  const { mean, standardError, degrees } = meanOf(rows);
  const half = quantile(degrees) * standardError;
  const interval = { mean, low: mean - half, high: mean + half };
  if (rows.length === 1) return interval;
  if (standardError === 0) return { ...interval, p: mean === 0 ? 1 : 0 };
  return { ...interval, p: 2 * jStat.studentt.cdf(-Math.abs(mean) / standardError, degrees) };
}

/**
 * The mean of shares, with an interval that stays between 0 and 1: symmetric in the logarithm of the odds. Where all values are 0, or
 * all are 1, Wilson's for that many questions, whose answers were the same in every row.
 * @param rows one a training, of values from 0 to 1
 * @throws InternalError when a row is missing or lengths differ
 */
export function estimateShare(rows: readonly Row[]): Estimate {
  const { mean, standardError, degrees } = meanOf(rows);
  if (mean === 0 || mean === 1) {
    const reach = quantile(mostDegrees) ** 2 / at(rows, 0).length;
    const bound = reach / (1 + reach);
    return mean === 0 ? { mean, low: 0, high: bound } : { mean, low: 1 - bound, high: 1 };
  }
  const odds = Math.log(mean / (1 - mean));
  const half = (quantile(degrees) * standardError) / (mean * (1 - mean));
  return { mean, low: 1 / (1 + Math.exp(half - odds)), high: 1 / (1 + Math.exp(-half - odds)) };
}

interface Mean {
  readonly mean: number;
  readonly standardError: number;
  /** Of Student's t. */
  readonly degrees: number;
}

/** Mean squares of the two-way table without repetition; the rows' share of the variance decides the degrees of freedom. */
function meanOf(rows: readonly Row[]): Mean {
  const questions = at(rows, 0).length;
  if (questions < 2) throw new InternalError(`chance is told from at least two questions, got ${questions}`);
  const ofQuestions = new Float64Array(questions);
  for (const row of rows) {
    if (row.length !== questions)
      throw new InternalError(`rows of ${questions} and ${row.length} questions cannot be one table`);
    for (let question = 0; question < questions; question++)
      ofQuestions[question] = at(ofQuestions, question) + at(row, question) / rows.length;
  }
  const mean = average(ofQuestions);
  const questionSquare = (rows.length * squares(ofQuestions, mean)) / (questions - 1);
  if (rows.length === 1) return { mean, standardError: Math.sqrt(questionSquare / questions), degrees: questions - 1 };

  const ofRows = rows.map(average);
  let rest = 0;
  rows.forEach((row, index) => {
    const ofRow = at(ofRows, index);
    for (let question = 0; question < questions; question++)
      rest += (at(row, question) - ofRow - at(ofQuestions, question) + mean) ** 2;
  });
  const restSquare = rest / ((rows.length - 1) * (questions - 1));
  // Variances are not negative: rows that happen to agree better than the rest allows still vary by it.
  const rowSquare = Math.max((questions * squares(ofRows, mean)) / (rows.length - 1), restSquare);
  const total = rowSquare + Math.max(questionSquare - restSquare, 0);
  const degrees = total === 0 ? mostDegrees : (total / rowSquare) ** 2 * (rows.length - 1);
  return {
    mean,
    standardError: Math.sqrt(total / (rows.length * questions)),
    degrees: Math.min(mostDegrees, degrees),
  };
}

/** Of Student's t, for the central 95 %. */
function quantile(degrees: number): number {
  return jStat.studentt.inv(0.975, degrees);
}

export function average(values: Row): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += at(values, index);
  return sum / values.length;
}

function squares(values: Row, mean: number): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += (at(values, index) - mean) ** 2;
  return sum;
}
