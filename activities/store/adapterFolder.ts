/** LoRA adapters as a folder that PEFT's `PeftModel.from_pretrained` loads on top of the base model. */
import { join } from 'node:path';
import type { LoraConfig } from '../engine/lora/adapters.js';
import { languageModel } from '../engine/models/index.js';
import type { ModelFiles } from '../engine/weights/modelFiles.js';
import { readSafetensors, writeSafetensors } from '../engine/weights/safetensors.js';
import type { PublishTools } from './modelFolder.js';

type AdaptedModel = Pick<ModelFiles, 'config'> & Required<Pick<ModelFiles, 'adapters'>>;

/**
 * Publishes the folder's two files under `prefix` (no slash at its end), without the value head, which PEFT does not know.
 * @param base the model that the adapters were trained on, as the spec's `model.from`; null for a model from scratch.
 */
export async function publishAdapterFolder(
  { store, directory }: PublishTools,
  prefix: string,
  { config, adapters: { file, lora } }: AdaptedModel,
  base: string | null = null,
): Promise<void> {
  const { tensors } = await readSafetensors(file);
  const adapters = new Map([...tensors].filter(([name]) => name.startsWith('base_model.')));
  const weights = join(directory, 'adapter_model.safetensors');
  await writeSafetensors(weights, adapters, { format: 'pt' });
  await store.publish(`${prefix}/adapter_model.safetensors`, { file: weights });
  const isTransposed = languageModel(config).linear.some(({ transposed }) => transposed);
  await store.publish(
    `${prefix}/adapter_config.json`,
    Buffer.from(`${JSON.stringify(adapterConfig(lora, base, isTransposed), null, 2)}\n`),
  );
}

/**
 * The fields that PEFT needs; it fills in the others. The base model is named as the specification does, without the hub's `hf:`: a folder
 * or an address in S3 tells whoever loads the adapters what they belong to, though only a name on the hub is found everywhere.
 * @param isTransposed whether the weights of the adapted layers are `[inputs, outputs]`.
 */
export function adapterConfig(
  { rank, alpha, targetModules }: LoraConfig,
  base: string | null,
  isTransposed: boolean,
): Readonly<Record<string, unknown>> {
  const onHub = base === null ? null : /^hf:(?<name>[^@]+)(?:@(?<revision>.+))?$/.exec(base);
  const { name = base, revision = null } = { ...onHub?.groups };
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
    fan_in_fan_out: isTransposed,
    inference_mode: true,
  };
}
