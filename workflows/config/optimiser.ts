/** How weights are changed by gradients: the optimiser, with options of its own, and the learning rate. */
import type { z } from 'zod';
import { optimiserSchema } from '../../activities/engine/optim/index.js';
import { sharedFields } from '../../activities/engine/optim/optimiser.js';

export { optimiserSchema };

/** Of every optimiser: what may be changed in a run under way. */
export const { learningRate } = sharedFields;

export type OptimiserSpec = z.output<typeof optimiserSchema>;
