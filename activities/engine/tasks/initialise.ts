/** The task `initialise`: a fresh Llama model, Normal(0, 0.02) weights and norms at one, as Hugging Face initialises it. */

import { TaskCancelled } from '../../errors.js';
import { type LlamaConfig, languageModel } from '../models/index.js';
import { fillNormal } from '../sampling/random.js';
import type { TaskFunction } from '../threads/task.js';
import type { ModelFiles } from '../weights/modelFiles.js';
import { saveModel } from '../weights/modelFiles.js';
import type { NamedTensor } from '../weights/parameters.js';

/** Writes a freshly initialised model to `outputDirectory`. Normal(0, 0.02) weights, norms at one. */
export interface InitialiseTask {
  readonly input: { readonly config: LlamaConfig; readonly seed: number; readonly outputDirectory: string };
  readonly output: { readonly files: ModelFiles };
}

const standardDeviation = 0.02;

export const initialise: TaskFunction<InitialiseTask> = async ({ config, seed, outputDirectory }, context) => {
  const { shapes } = languageModel(config);
  const parameters = new Map<string, NamedTensor>();
  for (const [index, [name, shape]] of shapes.entries()) {
    // Lets a cancellation message in.
    await new Promise(setImmediate);
    if (context.isCancelled()) throw new TaskCancelled('initialise was cancelled');
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (name.endsWith('norm.weight')) data.fill(1);
    // A stream of its own for every tensor, so that a shape changed later leaves the others as they were.
    else fillNormal(data, standardDeviation, { seed, purpose: 'initialise', example: index });
    parameters.set(name, { shape, data });
    context.onProgress(index + 1, shapes.length);
  }
  return { files: await saveModel(outputDirectory, { config, parameters, moments: null, step: 0 }) };
};
