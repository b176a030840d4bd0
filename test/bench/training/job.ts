/** What both sides of a training benchmark are told, in a JSON file, and what they answer to each line. */
import { z } from 'zod';
import type { OptimiserSettings } from '../../../activities/engine/optim/index.js';
import type { TokenSequence } from '../../../activities/engine/training/layout.js';
import type { ModelFiles } from '../../../activities/engine/weights/modelFiles.js';

export interface Job {
  readonly model: ModelFiles;
  readonly batches: readonly (readonly TokenSequence[])[];
  readonly learningRate: number;
  readonly optimiser: OptimiserSettings;
  /** Of the peer's update. */
  readonly fusedAdamW: boolean;
  readonly threads: number;
}

/** What our side says when it is ready: the memory that a run would announce for its largest batch. */
export const readySchema = z.object({ plannedBytes: z.number() });
export type Ready = z.output<typeof readySchema>;

/** `peakBytes` is the process's largest resident memory since it was ready. */
export const stepSchema = z.object({ seconds: z.number(), loss: z.number(), peakBytes: z.number() });
export type Step = z.output<typeof stepSchema>;
