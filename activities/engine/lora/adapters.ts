/**
 * Low-rank adapters (LoRA; Hu et al., 2022): a weight W is frozen, and the model computes with W + α/r · B·A. The choice of weights,
 * the adapters' names and their initial values are PEFT's, so that PEFT loads what is trained here.
 */

import { InvalidModel } from '../../errors.js';
import type { LinearLayer, ParameterShapes } from '../models/languageModel.js';
import { fillUniform } from '../sampling/random.js';
import type { NamedTensor, Parameters } from '../weights/parameters.js';

/** Low-rank adapters, described as in PEFT's adapter_config.json (`r`, `lora_alpha`, `target_modules`). */
export interface LoraConfig {
  readonly rank: number;
  /** B·A is multiplied by alpha / rank. */
  readonly alpha: number;
  /** Last parts of module names (`q_proj`, … `down_proj`), or every linear layer except the head. */
  readonly targetModules: 'all-linear' | readonly string[];
}

/** The adapter of one weight. */
export interface Adapter {
  /** Name of the weight it is added to. */
  readonly weight: string;
  /** Whether the weight is `[in, out]` instead of `[out, in]`, so that (B·A)ᵀ is added to it. */
  readonly transposed: boolean;
  /** A. */
  readonly down: { readonly name: string; readonly shape: readonly [rank: number, inputs: number] };
  /** B. */
  readonly up: { readonly name: string; readonly shape: readonly [outputs: number, rank: number] };
}

/** α/r: what B·A is multiplied by. */
export function loraScale({ rank, alpha }: LoraConfig): number {
  return alpha / rank;
}

/**
 * The adapters of a model with these linear layers, in their order. A target names the last part of a module's path (`q_proj`) or the
 * whole path, as in PEFT; `all-linear` is every linear layer except the head.
 * @throws InvalidModel naming a target that is no linear layer of the model, and those that are.
 */
export function adaptersOf(linear: readonly LinearLayer[], { rank, targetModules }: LoraConfig): readonly Adapter[] {
  const matches = (module: string, target: string): boolean => module === target || module.endsWith(`.${target}`);
  if (targetModules !== 'all-linear') {
    const unknown = targetModules.find((target) => !linear.some(({ module }) => matches(module, target)));
    const known = [...new Set(linear.map(({ module }) => module.slice(module.lastIndexOf('.') + 1)))];
    if (unknown !== undefined)
      throw new InvalidModel(
        `lora.targetModules: the model has no linear layer "${unknown}", allowed: "all-linear", or some of ${known.join(', ')}`,
      );
  }
  return linear
    .filter(({ module }) => targetModules === 'all-linear' || targetModules.some((target) => matches(module, target)))
    .map(({ module, transposed, outputs, inputs }) => ({
      weight: `${module}.weight`,
      transposed,
      down: { name: `base_model.model.${module}.lora_A.weight`, shape: [rank, inputs] },
      up: { name: `base_model.model.${module}.lora_B.weight`, shape: [outputs, rank] },
    }));
}

/** Names and shapes of all adapter matrices. */
export function adapterShapes(adapters: readonly Adapter[]): ParameterShapes {
  return adapters.flatMap(({ down, up }) => [
    [down.name, down.shape],
    [up.name, up.shape],
  ]);
}

/** PEFT's initial values: A uniform within ±1/√inputs (Kaiming with a = √5), B zero, so that training starts at the base model. */
export function createAdapters(adapters: readonly Adapter[], seed: number): Parameters {
  const tensors = new Map<string, NamedTensor>();
  adapters.forEach(({ down, up }, index) => {
    const [rank, inputs] = down.shape;
    const data = new Float32Array(rank * inputs);
    // Round 1, because the base model's weights use round 0.
    fillUniform(data, 1 / Math.sqrt(inputs), { seed, purpose: 'initialise', round: 1, example: index });
    tensors.set(down.name, { shape: down.shape, data });
    tensors.set(up.name, { shape: up.shape, data: new Float32Array(up.shape[0] * up.shape[1]) });
  });
  return tensors;
}
