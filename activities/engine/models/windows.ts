/** Sliding windows in config.json: which layers have one, and how wide it is. */
import { z } from 'zod';
import { at } from '../../invariant.js';
import { type Refusal, show, size } from './configFields.js';

const layerType = z.enum(['full_attention', 'sliding_attention']);
export type LayerType = z.output<typeof layerType>;

export const layerTypes = z.array(layerType).nullish();

/** What a config keeps of them: nothing where no layer has a window. */
export interface WindowConfig {
  /** Positions that a token sees, its own among them. */
  readonly sliding_window?: number;
  /** One for each layer. */
  readonly layer_types?: readonly LayerType[];
}

/** How Qwen and SmolLM3 say it. */
export const windowFields = {
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullish(),
  layer_types: layerTypes,
};

interface PublishedWindows {
  readonly use_sliding_window: boolean;
  readonly sliding_window?: number | null | undefined;
  readonly layer_types?: readonly LayerType[] | null | undefined;
  readonly num_hidden_layers: number;
  readonly max_position_embeddings: number;
}

/**
 * @param byDefault the type of a layer where the config lists none and windows are in use.
 * @param width the window where the config has none.
 */
export function readWindows(
  published: PublishedWindows,
  byDefault: (layer: number) => LayerType,
  width: number | null,
  refusal: Refusal,
): WindowConfig {
  const { num_hidden_layers: layers, layer_types: given } = published;
  const { sliding_window: named = width } = published;
  const window = published.use_sliding_window ? named : null;
  const types =
    given ?? Array.from({ length: layers }, (_, layer) => (window === null ? 'full_attention' : byDefault(layer)));
  checkLayers('layer_types', types, layers, refusal);
  if (!types.includes('sliding_attention')) return {};
  if (window === null)
    throw refusal(
      `layer_types has sliding_attention, but ${published.use_sliding_window ? 'sliding_window is null' : 'use_sliding_window is false'}`,
    );
  // A window that no sequence exceeds is none.
  return window >= published.max_position_embeddings ? {} : { sliding_window: window, layer_types: types };
}

/** @throws InvalidModel when a list has not one element for each layer. */
export function checkLayers(name: string, list: readonly unknown[], layers: number, refusal: Refusal): void {
  if (list.length !== layers)
    throw refusal(`${name} is ${show(list)}, ${layers} elements are needed, one for each layer`);
}

/** The window of a layer, null for none. */
export function windowOf({ sliding_window: window, layer_types: types }: WindowConfig, layer: number): number | null {
  return window !== undefined && types !== undefined && at(types, layer) === 'sliding_attention' ? window : null;
}

/** Those fields of Qwen's and SmolLM3's that follow from a config. */
export function writtenWindows({ layer_types: types }: WindowConfig) {
  // Older versions of transformers count the layers before the first with a window.
  return types === undefined
    ? { use_sliding_window: false }
    : { use_sliding_window: true, max_window_layers: types.indexOf('sliding_attention') };
}
