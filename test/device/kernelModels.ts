/**
 * Writes a model of one node for each kernel that the engine's graphs need, `0.onnx` and so on, and their names in `kernels.json`.
 *
 *   node --import tsx test/device/kernelModels.ts FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { emittedGraphs } from './emittedGraphs.js';
import { kernelsIn, modelOf } from './kernels.js';

const [, , folder = 'kernels'] = process.argv;
mkdirSync(folder, { recursive: true });
const models = new Map<string, Uint8Array>();
for (const { graph } of emittedGraphs())
  for (const [kernel, node] of kernelsIn(graph)) if (!models.has(kernel)) models.set(kernel, modelOf(node, graph));
const kernels = [...models.keys()].sort();
kernels.forEach((kernel, index) => {
  writeFileSync(join(folder, `${index}.onnx`), models.get(kernel) ?? '');
});
writeFileSync(join(folder, 'kernels.json'), JSON.stringify(kernels));
