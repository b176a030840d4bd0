/** The page of failures, written from the table in `activities/errors.ts`. */
import { failureTypes } from '../../activities/errors.js';
import { table } from './table.js';

const words = { nothing: 'nothing', itself: 'itself', person: 'a person' } as const;

export function failuresPage(): string {
  const rows = Object.entries(failureTypes).map(([name, { mendedBy, meaning, remedy }]) => [
    `\`${name}\``,
    meaning,
    words[mendedBy],
    remedy,
  ]);
  return `${[
    '# Failures',
    '<!-- Written by `npm run docs` from `failureTypes` in errors.ts: change a text there. -->',
    'Every type of failure that a run can show, in Temporal’s UI and on the terminal. What becomes of the run depends on what mends it:\n\n- **nothing**: it ends at once.\n- **itself**: the step is tried again, after 1 s, then after pauses that double up to 30 s, until it succeeds or the run is cancelled.\n- **a person**: the run waits, and says for what: in `reft status`, in Temporal’s UI and in the query `progress`. The step is tried again after 5 s, then after pauses that double up to a minute, so it goes on by itself soon after it is mended; the update `resume` has it tried at once. No step that was done is lost.\n\nAny other error (a fault in a module of your own, say) shows under its own name and is tried again as what passes by itself.',
    table(['type', 'meaning', 'mended by', 'what to do'], rows),
  ].join('\n\n')}\n`;
}
