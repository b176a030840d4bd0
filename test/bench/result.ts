/** What a benchmark says, and the statistics they share. */

/** One line of `npm run bench`. */
export interface BenchmarkResult {
  readonly name: string;
  /** Our metric in `unit`. */
  readonly ours: number;
  readonly unit: string;
  /** The peer's metric in the same unit; left out where there is none or it is not at hand. */
  readonly peer?: number;
  /** Above 1 means that we are faster. */
  readonly ratio?: number;
  /** The least ratio the project promises, on a machine that does nothing else. */
  readonly floor?: number;
  /** Whatever else a reader needs: sizes, versions, spread. */
  readonly [detail: string]: number | string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Rounded to four significant digits, so that lines can be read. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
