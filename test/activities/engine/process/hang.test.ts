/** When an engine process is taken to hang. */
import { expect, it } from 'vitest';
import { reasonOf } from '../../../../activities/engine/process/hang.js';

it.each([
  ['at work', { idle: 0, silent: 5, longest: 1 }, null],
  ['waiting for a disk or a device for a while', { idle: 119, silent: 119, longest: 1 }, null],
  ['stopped', { idle: 120, silent: 120, longest: undefined }, 'no processor time for 120 s'],
  ['reading a large model, before any step', { idle: 0, silent: 86_400, longest: undefined }, null],
  ['between short steps for less than ten minutes', { idle: 0, silent: 599, longest: 0.1 }, null],
  ['in a circle', { idle: 0, silent: 601, longest: 4 }, 'no progress for 601 s, after 4 s at most before'],
  ['between long steps', { idle: 0, silent: 1_900, longest: 100 }, null],
  ['in a circle, between long steps', { idle: 0, silent: 2_000, longest: 100 }, 'no progress for 2000 s, after 100 s'],
])('a process %s', (_, silence, reason) => {
  const found = reasonOf(silence, 120);
  if (reason === null) expect(found).toBeNull();
  else expect(found).toContain(reason);
});
