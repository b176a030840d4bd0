/** Frequencies of the rotary position embedding (Su et al., 2021), scaled as a config says, and their tables in a graph. */
import { required } from '../../invariant.js';
import { constant, type Graph, type Tensor } from '../graph/graph.js';
import type { Rotary } from './languageModel.js';
import type { RopeConfig, RopeScaling } from './ropeConfig.js';

/**
 * The rotary embedding of heads of `size` elements, for `positions` positions: frequencies base^(−2i/size) for
 * i = 0 … size/2 − 1, scaled.
 */
export function rotaryOf(
  { rope_theta: base, rope_scaling: scaling }: RopeConfig,
  size: number,
  positions: number,
): Rotary {
  const half = size / 2;
  const plain = Array.from({ length: half }, (_, index) => base ** (-index / half));
  if (scaling === undefined || scaling.rope_type === 'dynamic') return { positions, frequencies: plain };
  if (scaling.rope_type === 'yarn') return { positions, ...yarn(plain, base, scaling) };
  return { positions, frequencies: plain.map((frequency) => scaled(frequency, scaling)) };
}

type ScalingOf<Type extends RopeScaling['rope_type']> = Extract<RopeScaling, { readonly rope_type: Type }>;

function scaled(frequency: number, scaling: ScalingOf<'linear' | 'llama3'>): number {
  const slowed = frequency / scaling.factor;
  if (scaling.rope_type === 'linear') return slowed;
  // Llama 3: frequencies with many turns in the original context stay, those with few are divided, those between interpolated.
  const { low_freq_factor: low, high_freq_factor: high } = scaling;
  const turns = (originalContext(scaling) * frequency) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return (1 - kept) * slowed + kept * frequency;
}

function originalContext({ original_max_position_embeddings: context }: ScalingOf<'llama3' | 'yarn'>): number {
  return required(context, 'the original context, which is known once a config is read');
}

/**
 * YaRN (Peng et al., 2023): as Llama 3, but interpolated along the index of the frequency, between those that make `beta_fast` and
 * `beta_slow` turns in the original context; and what is rotated is scaled.
 */
function yarn(plain: readonly number[], base: number, scaling: ScalingOf<'yarn'>): Omit<Rotary, 'positions'> {
  const { factor, truncate = true } = scaling;
  const half = plain.length;
  /** The index, not a whole number, of the frequency that makes so many turns. */
  const indexOf = (turns: number): number =>
    (half * Math.log(originalContext(scaling) / (turns * 2 * Math.PI))) / Math.log(base);
  const [fast, slow] = [indexOf(scaling.beta_fast ?? 32), indexOf(scaling.beta_slow ?? 1)];
  const first = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const last = Math.min(truncate ? Math.ceil(slow) : slow, 2 * half - 1);
  const width = first === last ? 0.001 : last - first;
  const frequencies = plain.map((frequency, index) => {
    const slowed = Math.min(1, Math.max(0, (index - first) / width));
    return slowed * (frequency / factor) + (1 - slowed) * frequency;
  });
  return { frequencies, magnitude: yarnMagnitude(scaling) };
}

/** 0.1 · ln(factor) + 1, unless the config says otherwise. */
function yarnMagnitude({ factor, attention_factor: given, mscale, mscale_all_dim: allDim }: ScalingOf<'yarn'>): number {
  const magnitude = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return given ?? (mscale && allDim ? magnitude(mscale) / magnitude(allDim) : magnitude(1));
}

/** Cosines and sines of the rotary embedding, `[positions, size / 2]`: angle = position · frequency. */
export interface RotaryTables {
  readonly cosine: Tensor;
  readonly sine: Tensor;
}

export function rotaryTables(graph: Graph, rotary: Rotary): RotaryTables {
  const shape = [rotary.positions, rotary.frequencies.length];
  const table = (wave: Wave): Tensor => constant(graph, 'float32', shape, valuesOf(rotary, wave));
  return { cosine: table('cos'), sine: table('sin') };
}

type Wave = 'cos' | 'sin';

/** Of the model at hand: each of its graphs has the same tables, and millions of sines take a second. */
const lastValues = new Map<Wave, { readonly key: string; readonly values: Float32Array }>();

/** Some models take 131,072 positions: megabytes, which are written into their array at once. */
function valuesOf({ positions, frequencies, magnitude = 1 }: Rotary, wave: Wave): Float32Array {
  const key = JSON.stringify([positions, frequencies, magnitude]);
  const last = lastValues.get(wave);
  if (last?.key === key) return last.values;
  const values = new Float32Array(positions * frequencies.length);
  let next = 0;
  for (let position = 0; position < positions; position++)
    for (const frequency of frequencies) values[next++] = magnitude * Math[wave](position * frequency);
  lastValues.set(wave, { key, values });
  return values;
}
