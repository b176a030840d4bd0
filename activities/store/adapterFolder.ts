/** LoRA adapters as a folder that PEFT's `PeftModel.from_pretrained` loads on top of the base model. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoraConfig } from '../engine/lora/adapters.js';
import { isConv1d } from '../engine/lora/adapters.js';
import type { ModelFiles } from '../engine/weights/modelFiles.js';
import type { Parameters } from '../engine/weights/parameters.js';
import { readSafetensors, writeSafetensors } from '../engine/weights/safetensors.js';
import type { Store } from './types.js';

/**
 * Publishes the folder's two files under `prefix` (no slash at its end). The value head, which PEFT does not know, stays out.
 * @param base what the adapters were trained on, as the run names it; null for a model of its own.
 */
export async function publishAdapterFolder(
  store: Store,
  prefix: string,
  { file, lora }: NonNullable<ModelFiles['adapters']>,
  base: string | null = null,
): Promise<void> {
  const { tensors } = await readSafetensors(file);
  const adapters = new Map([...tensors].filter(([name]) => name.startsWith('base_model.')));
  const directory = await mkdtemp(join(tmpdir(), 'reft-adapter-'));
  try {
    const weights = join(directory, 'adapter_model.safetensors');
    await writeSafetensors(weights, adapters, { format: 'pt' });
    await store.publish(`${prefix}/adapter_model.safetensors`, { file: weights });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  await store.publish(
    `${prefix}/adapter_config.json`,
    Buffer.from(`${JSON.stringify(adapterConfig(lora, base, isOnConv1d(adapters)), null, 2)}\n`),
  );
}

function isOnConv1d(adapters: Parameters): boolean {
  return [...adapters.keys()].some((name) => isConv1d(name.replace(/\.lora_[AB]\.weight$/, '')));
}

/**
 * What PEFT needs to know; it fills in the rest. A base model is named where others find it by that name: on the hub.
 * @param onConv1d whether the adapted layers' weights lie as `[in, out]`.
 */
export function adapterConfig(
  { rank, alpha, targetModules }: LoraConfig,
  base: string | null,
  onConv1d: boolean,
): Readonly<Record<string, unknown>> {
  const [, name = null, revision = null] = /^hf:([^@]+)(?:@(.+))?$/.exec(base ?? '') ?? [];
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: name,
    revision,
    r: rank,
    lora_alpha: alpha,
    target_modules: targetModules,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: onConv1d,
    inference_mode: true,
  };
}
