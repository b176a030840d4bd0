/** What sessions hold on to between tasks, and what a forward pass may take. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createGraph, input, output } from '../../../../activities/engine/graph/graph.js';
import { exp } from '../../../../activities/engine/graph/operators.js';
import { runInPlace } from '../../../../activities/engine/ort/runInPlace.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';
import { initialise } from '../../../../activities/engine/tasks/initialise.js';
import { memoryModel } from '../../../../activities/engine/training/memory.js';
import { groupSizes } from '../../../../activities/engine/training/microBatches.js';
import { passes, scoreAnswers } from '../../../../activities/engine/training/scoreAnswers.js';
import { answersGraph } from '../../../../activities/engine/training/scoringGraphs.js';
import { graphSession, trimSessions } from '../../../../activities/engine/training/sessions.js';
import { decodeTensors, readFixture, relativeError } from '../../../reference/fixtures.js';
import { quietContext, temporaryFolder, writeModel } from '../modelFolder.js';
import { tinyConfig } from '../support/tinyConfig.js';

function doublings() {
  const graph = createGraph();
  output(exp(exp(input(graph, 'x', 'float32', ['n']))), 'y');
  return { graph, parameters: [], metrics: [], peaks: [] };
}

/** In memory that has been touched, so that it does not count among what a run takes. */
const manyNumbers = () => float32(new Float32Array(2 ** 25).fill(0.5), [2 ** 25]);

it('are let go between tasks when the process has grown, and only then', async () => {
  const { session: first } = await graphSession('doublings', doublings);
  await trimSessions(Number.POSITIVE_INFINITY);
  expect((await graphSession('doublings', doublings)).session).toBe(first);

  const x = manyNumbers();
  const before = process.memoryUsage.rss();
  // What is computed on the way stays with the session.
  await runInPlace(first, { x }, { y: x });
  const held = process.memoryUsage.rss() - before;
  expect(held).toBeGreaterThan(x.data.length * 2);
  await trimSessions(0);
  expect(process.memoryUsage.rss() - before).toBeLessThan(held / 2);
  expect((await graphSession('doublings', doublings)).session).not.toBe(first);
});

it('go first where they do not train', async () => {
  const training = await graphSession('training', () => ({ ...doublings(), frozen: [] }));
  const scoring = await graphSession('scoring', doublings);
  const x = manyNumbers();
  const before = process.memoryUsage.rss();
  await runInPlace(scoring.session, { x }, { y: x });
  const held = process.memoryUsage.rss() - before;
  await trimSessions(before + held / 2);
  expect((await graphSession('training', doublings)).session).toBe(training.session);
  expect((await graphSession('scoring', doublings)).session).not.toBe(scoring.session);
});

it('of scoring go at once where they hold much', async () => {
  const config = { ...tinyConfig, vocab_size: 50_000, hidden_size: 8, intermediate_size: 8, num_attention_heads: 2 };
  const folder = await temporaryFolder();
  const { files } = await initialise({ config, seed: 0, outputDirectory: folder }, quietContext);
  const key = `answers ${JSON.stringify([{ values: false, entropies: false }, config, files.compute])}`;
  const build = () => answersGraph(config, { values: false, entropies: false });
  const isKeptAfter = async (rows: number): Promise<boolean> => {
    const { session } = await graphSession(key, build);
    await scoreAnswers(files, new Array(rows).fill({ prompt: [2], answer: new Array(20).fill(3) }));
    return (await graphSession(key, build)).session === session;
  };
  expect(await isKeptAfter(1)).toBe(true);
  expect(await isKeptAfter(50)).toBe(false);
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
  const { graph } = answersGraph(fixture.config, { entropies: true, values: false });
  const memory = memoryModel(graph);
  expect(passes(memory, sequences, Number.POSITIVE_INFINITY)).toHaveLength(1);
  expect(passes(memory, sequences, 1)).toHaveLength(sequences.length);
  const bytes = 20_000;
  const some = passes(memory, sequences, bytes);
  expect(some.flat().sort((a, b) => a - b)).toEqual(sequences.map((_, index) => index));
  expect(some.length).toBeLessThan(sequences.length);
  for (const group of some)
    expect(memory(groupSizes(group.flatMap((index) => sequences[index] ?? [])))).toBeLessThan(bytes);

  for (const [index, { logProbs, entropies }] of together.entries()) {
    expect(relativeError(apart[index]?.logProbs ?? [], logProbs)).toBeLessThan(1e-5);
    expect(relativeError(apart[index]?.entropies ?? [], entropies)).toBeLessThan(1e-5);
  }
});
