/** What sessions hold on to between tasks, and what a forward pass may take. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createGraph, input, output } from '../../../activities/engine/graph/graph.js';
import { exp } from '../../../activities/engine/graph/operators.js';
import { runInPlace } from '../../../activities/engine/runtime/runInPlace.js';
import { float32 } from '../../../activities/engine/runtime/tensors.js';
import { memoryModel } from '../../../activities/engine/training/memory.js';
import { groupSizes } from '../../../activities/engine/training/microBatches.js';
import { answersProgram } from '../../../activities/engine/training/programs.js';
import { passes, scoreAnswers } from '../../../activities/engine/training/scoreAnswers.js';
import { programSession, trimSessions } from '../../../activities/engine/training/sessions.js';
import { decodeTensors, readFixture, relativeError } from '../../reference/fixtures.js';
import { temporaryFolder, writeModel } from '../modelFolder.js';

function doublings() {
  const graph = createGraph();
  output(exp(exp(input(graph, 'x', 'float32', ['n']))), 'y');
  return { graph, parameters: [], metrics: [], peaks: [] };
}

it('are let go between tasks when the process has grown, and only then', async () => {
  const { session: first } = await programSession('doublings', doublings);
  await trimSessions(Number.POSITIVE_INFINITY);
  expect((await programSession('doublings', doublings)).session).toBe(first);

  const x = float32(new Float32Array(2 ** 25), [2 ** 25]);
  const before = process.memoryUsage.rss();
  // What is computed on the way stays with the session.
  await runInPlace(first, { x }, { y: x });
  const held = process.memoryUsage.rss() - before;
  expect(held).toBeGreaterThan(x.data.length * 2);
  await trimSessions(0);
  expect(process.memoryUsage.rss() - before).toBeLessThan(held / 2);
  expect((await programSession('doublings', doublings)).session).not.toBe(first);
});

it('scores the same whether the sequences fit in one pass or in many', async () => {
  const fixture = readFixture('llama-grouped');
  const folder = await temporaryFolder();
  const files = await writeModel(join(folder, 'model.safetensors'), fixture.config, decodeTensors(fixture.parameters));
  const sequences = fixture.batches.flat();
  const [together, apart] = [
    await scoreAnswers(files, sequences, { entropies: true }),
    await scoreAnswers(files, sequences, { entropies: true, bytes: 1 }),
  ];
  const { graph } = answersProgram(fixture.config, { entropies: true, values: false });
  expect(passes(graph, sequences, Number.POSITIVE_INFINITY)).toHaveLength(1);
  expect(passes(graph, sequences, 1)).toHaveLength(sequences.length);
  const bytes = 20_000;
  const some = passes(graph, sequences, bytes);
  expect(some.flat().sort((a, b) => a - b)).toEqual(sequences.map((_, index) => index));
  expect(some.length).toBeLessThan(sequences.length);
  for (const group of some)
    expect(memoryModel(graph)(groupSizes(group.flatMap((index) => sequences[index] ?? [])))).toBeLessThan(bytes);

  for (const [index, { logProbs, entropies }] of together.entries()) {
    expect(relativeError(apart[index]?.logProbs ?? [], logProbs)).toBeLessThan(1e-5);
    expect(relativeError(apart[index]?.entropies ?? [], entropies)).toBeLessThan(1e-5);
  }
});
