/** Frequencies of the rotary position embedding (Su et al., 2021), scaled as a config says, and their tables in a graph. */
import { at } from '../../invariant.js';
import { constant, type Graph, type Tensor } from '../graph/graph.js';
import type { Rotary } from './languageModel.js';
import type { RopeScaling } from './ropeConfig.js';

/** base^(−2i/size) for i = 0 … size/2 − 1, scaled. */
export function rotaryFrequencies(base: number, size: number, scaling: RopeScaling | undefined): readonly number[] {
  const half = size / 2;
  const plain = Array.from({ length: half }, (_, index) => base ** (-index / half));
  return scaling === undefined ? plain : plain.map((frequency) => scaled(frequency, scaling));
}

function scaled(frequency: number, scaling: RopeScaling): number {
  const slowed = frequency / scaling.factor;
  if (scaling.rope_type === 'linear') return slowed;
  // Llama 3: frequencies with many turns in the original context stay, those with few are divided, those between interpolated.
  const { low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = scaling;
  const turns = (context * frequency) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return (1 - kept) * slowed + kept * frequency;
}

/** Cosines and sines of the rotary embedding, `[positions, size / 2]`: angle = position · frequency. */
export function rotaryTables(
  graph: Graph,
  { positions, frequencies }: Rotary,
): { readonly cosine: Tensor; readonly sine: Tensor } {
  const half = frequencies.length;
  const angles = Array.from({ length: positions * half }, (_, index) => {
    const position = Math.floor(index / half);
    return position * at(frequencies, index % half);
  });
  return {
    cosine: constant(graph, 'float32', [positions, half], angles.map(Math.cos)),
    sine: constant(graph, 'float32', [positions, half], angles.map(Math.sin)),
  };
}
