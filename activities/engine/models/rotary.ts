/** Frequencies of the rotary position embedding, stretched as a config asks, and their tables in a graph. */

import { constant, type Graph, type Tensor } from '../graph/graph.js';
import type { RopeScaling } from './configs/types.js';
import type { Rotary } from './languageModel.js';

/** base^(−2i/size) for each of the size / 2 pairs, scaled. */
export function rotaryFrequencies(base: number, size: number, scaling: RopeScaling | undefined): readonly number[] {
  const half = size / 2;
  const plain = Array.from({ length: half }, (_, index) => base ** (-index / half));
  return scaling === undefined ? plain : plain.map((frequency) => scaled(frequency, scaling));
}

function scaled(frequency: number, scaling: RopeScaling): number {
  const slowed = frequency / scaling.factor;
  if (scaling.rope_type === 'linear') return slowed;
  // Llama 3: fast pairs stay, slow ones are slowed, those between are mixed by how often they turn in the original context.
  const { low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = scaling;
  const turns = (context * frequency) / (2 * Math.PI);
  const share = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return (1 - share) * slowed + share * frequency;
}

/** Cosines and sines of the rotary embedding, `[positions, size / 2]`: angle = position · frequency. */
export function rotaryTables(
  graph: Graph,
  { positions, frequencies }: Rotary,
): { readonly cosine: Tensor; readonly sine: Tensor } {
  const half = frequencies.length;
  const angles = Array.from({ length: positions * half }, (_, index) => {
    const position = Math.floor(index / half);
    return position * (frequencies[index % half] ?? 0);
  });
  return {
    cosine: constant(graph, 'float32', [positions, half], angles.map(Math.cos)),
    sine: constant(graph, 'float32', [positions, half], angles.map(Math.sin)),
  };
}
