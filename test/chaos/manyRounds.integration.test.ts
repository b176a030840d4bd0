/** A hundred rounds on a real Temporal server: neither histories nor what is handed on nor the worker's heap grow with them. */
import { expect, it } from 'vitest';
import { at } from '../../activities/invariant.js';
import { runManyRounds } from './manyRounds.js';

it('executions, what they hand on and the heap are as large at the end as at the beginning', async () => {
  const suggestedEvents = 300;
  const { executions, moments } = await runManyRounds({ rounds: 120, every: 12, suggestedEvents });
  expect(executions.length).toBeGreaterThanOrEqual(6);
  // A round that is under way is finished first, and the curve saved.
  for (const { events } of executions) expect(events).toBeLessThan(suggestedEvents + 100);
  // Numbers have more digits later on.
  const handedOn = executions.slice(1).map(({ bytesHandedOn }) => bytesHandedOn);
  expect(Math.max(...handedOn)).toBeLessThan(1.02 * at(handedOn, 0));
  // The engine's code is compiled in the first rounds.
  const heap = moments.slice(3).map(({ heapMegabytes }) => heapMegabytes);
  expect(at(heap, -1)).toBeLessThan(1.1 * at(heap, 0));
});
