/** The preset `units`: a user's own JSON Lines, and a scorer of theirs in Python on a task queue of its own. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../workers/openStore.js';
import type { RunResult } from '../../workflows/runState.js';
import { obtainPython, type PythonProcess, startPython } from '../support/python.js';
import { useRealParts } from './realParts.js';

const folder = fileURLToPath(new URL('../examples', import.meta.url));
const parts = useRealParts({ REFT_DATA_DIR: folder });

let scorer: PythonProcess | undefined;
beforeAll(async () => {
  // The first time its packages are fetched.
  const python = await obtainPython();
  scorer = startPython(python, [`${folder}/units/scorer.py`], { TEMPORAL_ADDRESS: parts.stack.temporal.address });
}, 600_000);
afterAll(() => scorer?.kill());

it('trains on the files and is scored by the worker', async () => {
  const spec = { preset: 'units' };
  const handle = await parts.client.workflow.start('reft', { taskQueue: 'reft', workflowId: 'units', args: [spec] });
  const result: RunResult = await handle.result();
  expect(result.metrics.reft?.top1.count).toBe(12);
  const store = openStore(parts.stack.s3);
  const samples = Buffer.from((await store.read('runs/units/samples.jsonl')) ?? []).toString();
  expect(samples).toContain('"unit"');
}, 300_000);
