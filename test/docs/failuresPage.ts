/** The page of failures, written from the table in `activities/errors.ts`. */
import { failureTypes } from '../../activities/errors.js';
import { table } from './table.js';

export function failuresPage(): string {
  const rows = Object.entries(failureTypes).map(([name, { retryable, meaning, remedy }]) => [
    `\`${name}\``,
    meaning,
    retryable ? 'yes' : 'no',
    remedy,
  ]);
  return `${[
    '# Failures',
    '<!-- Written by `npm run docs` from `failureTypes` in errors.ts: change a text there. -->',
    'Every type of failure that a run can show, in Temporal’s UI and on the terminal. What can pass is tried again with growing pauses until it succeeds or the run is cancelled. What can never succeed ends the run at once. Any other error (a full disk, a fault in a module of your own) shows under its own name and is tried again.',
    table(['type', 'meaning', 'tried again', 'what to do'], rows),
  ].join('\n\n')}\n`;
}
