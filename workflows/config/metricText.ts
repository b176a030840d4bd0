/** How metrics are written: alike in reports, on terminals and in Temporal's UI. */

/** One decimal, as accuracies of some hundred questions deserve. */
export function percent(value: number): string {
  return value.toFixed(1);
}

/** `62.2–68.1`. */
export function interval({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${percent(low)}–${percent(high)}`;
}

/** `79.5 ± 1.2`; of a single seed `79.5`. */
export function meanAndSpread({
  mean,
  standardDeviation,
}: {
  readonly mean: number;
  readonly standardDeviation?: number;
}): string {
  return standardDeviation === undefined ? percent(mean) : `${percent(mean)} ± ${percent(standardDeviation)}`;
}

/** `+1.5`, `−0.3`. */
export function signed(points: number): string {
  const text = percent(Math.abs(points));
  return text === percent(0) ? text : `${points < 0 ? '−' : '+'}${text}`;
}

/** `< 0.001`, `= 0.03`. */
export function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : `= ${Number(p.toPrecision(2))}`;
}

/** `+15.0 points (+12.1 to +18.0), p < 0.001`, p corrected for all pairs. */
export function differenceText({
  difference,
  low,
  high,
  pCorrected,
}: Readonly<Record<'difference' | 'low' | 'high' | 'pCorrected', number>>): string {
  return `${signed(difference)} points (${signed(low)} to ${signed(high)}), p ${pText(pCorrected)}`;
}

/** How many trainings a metric is of; the warm-up, of which there is none of a seed's own, is shared by all. */
export function seedsText(seeds: number): string {
  if (seeds === 0) return 'shared';
  return seeds === 1 ? '1 seed' : `${seeds} seeds`;
}
