/** A few numbers as a line of blocks of different heights: `▁▂▅▇█`. Pure. */
import { at } from '../../activities/invariant.js';

const heights = [...'▁▂▃▄▅▆▇█'];

/** From the least to the largest of them; more than `width` are joined into means of neighbours. Empty for fewer than two. */
export function sparkline(values: readonly number[], width: number): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return '';
  const count = Math.min(width, finite.length);
  const means = Array.from({ length: count }, (_, index) => {
    const some = finite.slice(
      Math.floor((index * finite.length) / count),
      Math.floor(((index + 1) * finite.length) / count),
    );
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  });
  const [least, most] = [Math.min(...means), Math.max(...means)];
  const step = most > least ? (heights.length - 1) / (most - least) : 0;
  return means.map((value) => at(heights, Math.round((value - least) * step))).join('');
}
