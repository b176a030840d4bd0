/** The registry of reinforcement-learning algorithms: to add one, write its module and a row here. Pure. */
import type { BoundAlgorithm } from './algorithm.js';
import { dapo } from './dapo.js';
import { drGrpo } from './drGrpo.js';
import { grpo } from './grpo.js';
import { gspo } from './gspo.js';
import { ppo } from './ppo.js';
import { rloo } from './rloo.js';

export const algorithms = { grpo, 'dr-grpo': drGrpo, dapo, gspo, rloo, ppo } as const;

export type AlgorithmName = keyof typeof algorithms;

export const algorithmNames = Object.keys(algorithms) as AlgorithmName[];

/** An algorithm and its options, as plain JSON. */
export interface AlgorithmChoice {
  readonly name: AlgorithmName;
  readonly [option: string]: unknown;
}

export function bindAlgorithm({ name, ...options }: AlgorithmChoice): BoundAlgorithm {
  return algorithms[name].bind(options);
}
