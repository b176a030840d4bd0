/** What was probably meant by a name that is none: of a preset, or of a field. */
import { distance } from 'fastest-levenshtein';

/** A third of its letters may be wrong, and two in a short one. */
const mostWrong = (name: string): number => Math.max(2, Math.floor(name.length / 3));

/** ` (did you mean "demo"?)`, of the known name that is most like it; empty where none is. */
export function didYouMean(name: string, known: readonly string[]): string {
  const [closest] = known
    .map((one) => ({ one, wrong: distance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, wrong }) => wrong <= mostWrong(name) && wrong < one.length)
    .sort((a, b) => a.wrong - b.wrong);
  return closest === undefined ? '' : ` (did you mean ${JSON.stringify(closest.one)}?)`;
}
