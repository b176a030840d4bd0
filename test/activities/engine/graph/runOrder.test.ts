/** The order in which onnxruntime runs a graph, by its own profile. */
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { serialise } from '../../../../activities/engine/graph/onnx/serialise.js';
import { runOrder } from '../../../../activities/engine/graph/runOrder.js';
import { float32 } from '../../../../activities/engine/ort/tensors.js';
import { supervisedFeeds } from '../../../../activities/engine/tasks/trainSupervised.js';
import { buildGradients } from '../../../../activities/engine/training/objectives.js';
import { required } from '../../../../activities/invariant.js';
import { temporaryFolder } from '../modelFolder.js';
import { randomParameters } from '../support/randomParameters.js';
import { tinyConfig } from '../support/tinyConfig.js';

const folder = await temporaryFolder();

interface Event {
  readonly cat: string;
  /** Of a node without a name: its operator and its place in the model. */
  readonly name: string;
}

it.each([
  ['a small vocabulary', {}],
  ['one in slices', { vocab_size: 12_000 }],
])('is told as onnxruntime runs it: %s', async (_, sizes) => {
  const config = { ...tinyConfig, ...sizes };
  const { graph, parameters } = buildGradients({ objective: 'supervised', config });
  const values = randomParameters(config);
  const feeds: Record<string, Tensor> = supervisedFeeds([{ prompt: [2, 3], answer: [3, 4, 5] }], 3);
  for (const [name, shape] of parameters) feeds[name] = float32(required(values.get(name), name).data, shape);
  const ownFolder = await mkdtemp(join(folder, 'profile-'));
  // Merged nodes would have other names.
  const session = await InferenceSession.create(serialise(graph), {
    graphOptimizationLevel: 'disabled',
    enableProfiling: true,
    profileFilePrefix: join(ownFolder, 'run'),
  });
  await session.run(feeds);
  session.endProfiling();
  await session.release();

  const [file] = await readdir(ownFolder);
  const events: Event[] = JSON.parse(await readFile(join(ownFolder, required(file, 'a profile')), 'utf8'));
  const ran = events.flatMap(({ cat, name }) =>
    cat === 'Node' && name.endsWith('_kernel_time') ? [name.replace('_kernel_time', '')] : [],
  );
  const order = runOrder(graph);
  const inModel = graph.nodes.filter((node) => order.includes(node));
  expect(ran).toEqual(order.map((node) => `${node.operator}_${inModel.indexOf(node)}`));
  // It is another than that of the graph.
  expect(order).not.toEqual(inModel);
});
