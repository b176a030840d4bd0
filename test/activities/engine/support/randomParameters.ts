/** Weights of an untrained model whose next token is open. */

import { languageModel, type ModelConfig } from '../../../../activities/engine/models/index.js';
import { fillNormal } from '../../../../activities/engine/sampling/random.js';
import type { Parameters } from '../../../../activities/engine/weights/parameters.js';

/** Weights large enough that the next token is neither certain nor a toss-up. */
export function randomParameters(config: ModelConfig, deviation = 0.18): Parameters {
  return new Map(
    languageModel(config).shapes.map(([name, shape], index) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      fillNormal(data, deviation, { seed: 11, purpose: 'initialise', example: index });
      return [name, { shape, data: name.endsWith('norm.weight') ? data.map((value) => 1 + value) : data }];
    }),
  );
}
