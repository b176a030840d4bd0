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

/** `+15.0 points (+12.1 to +18.0), p < 0.001`, p corrected for all pairs; without it for a single training. */
export function differenceText({
  difference,
  low,
  high,
  pCorrected,
}: Readonly<Record<'difference' | 'low' | 'high', number>> & { readonly pCorrected?: number }): string {
  const text = `${signed(difference)} points (${signed(low)} to ${signed(high)})`;
  return pCorrected === undefined ? text : `${text}, p ${pText(pCorrected)}`;
}

/** How many models a metric is of: `3 trainings`; of the model that these started from, `2 warm-ups`. */
export function countText(model: string, count: number): string {
  const name = model === 'warmUp' ? 'warm-up' : 'training';
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** What a comparison's intervals and p take as drawn by chance, and so for what they hold. */
export function chanceText({
  rows,
  warmUps,
}: {
  readonly rows: readonly { readonly trainings: readonly unknown[] }[];
  readonly warmUps: number;
}): string {
  if (warmUps > 1) return 'Warm-ups and questions are taken as drawn by chance, a warm-up’s trainings together.';
  const several = rows.some(({ trainings }) => trainings.length > 1);
  return several
    ? 'Trainings and questions are taken as drawn by chance. All start from one warm-up: how much warm-ups vary is not in it.'
    : 'Questions are taken as drawn by chance. There is one training of each: how much trainings vary is not in it, so no p.';
}
