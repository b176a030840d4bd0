/** What a run is told that does not fit into its device's memory: what it needs, part by part, and what would make it fit. */

import { InsufficientMemory } from '../../errors.js';
import { gibibytes } from '../../gibibytes.js';
import type { DeviceRoom, MemoryBudget } from './memoryBudget.js';
import type { StepNeed, StepParts } from './stepMemory.js';

const partNames: Readonly<Record<keyof StepParts, string>> = {
  frozenWeights: 'frozen weights',
  weights: 'weights in training',
  optimiserState: 'optimiser state',
  gradients: 'gradients',
  activations: 'activations',
  scoredWeights: 'weights of policy and reference to score with',
  scoring: 'activations of scoring',
  process: 'the process itself',
};

/** A change of the specification, in its words, and the bytes that the run would then need at its peak. */
export interface Remedy {
  readonly change: string;
  readonly bytes: number;
  readonly fits: boolean;
}

export function insufficientMemory(
  step: { readonly name: string } & StepNeed,
  { device, bytes: all }: DeviceRoom,
  { training }: MemoryBudget,
  remedies: readonly Remedy[],
): InsufficientMemory {
  const parts = Object.entries(step.parts)
    .filter(([, bytes]) => bytes > 0)
    .map(([name, bytes]) => `${partNames[name as keyof StepParts]} ${gibibytes(bytes)}`);
  const [fitting, others] = [true, false].map((fits) =>
    remedies.filter((remedy) => remedy.fits === fits).map(({ change, bytes }) => `${change} (${gibibytes(bytes)})`),
  );
  const advice =
    fitting && fitting.length > 0
      ? `It fits with ${fitting.join(', or with ')}.`
      : `Not enough: ${(others ?? []).join(', ')}. Take a device with more memory, or a smaller model.`;
  return new InsufficientMemory(
    `${step.name} needs ${gibibytes(step.bytes)} of memory even with one sequence in a micro-batch: ${parts.join(', ')}. Training may take ${gibibytes(training)} of the ${gibibytes(all)} of this ${device === 'cuda' ? 'GPU' : 'machine'}. ${advice}`,
  );
}
