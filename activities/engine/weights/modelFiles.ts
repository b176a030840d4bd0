/**
 * Reads and writes models (`ModelFiles`) for the tasks, through the cache of tensor files.
 *
 * Readers share arrays and leave them alone; a trainer takes arrays of its own, changes them in place, and hands them back
 * by saving them as a new model.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidModel } from '../../errors.js';
import type { Precision } from '../graph/precision.js';
import type { LoraConfig } from '../lora/adapters.js';
import { adaptersOf } from '../lora/adapters.js';
import { mergeAdapters } from '../lora/mergeAdapters.js';
import { languageModel, type ModelConfig } from '../models/index.js';
import type { LossScale } from '../optim/lossScale.js';
import type { Parameters } from './parameters.js';
import { readSafetensors } from './safetensors.js';
import { readDerived, readPrivate, readShared, writeAndKeep } from './tensorFileCache.js';

/** How a model is computed, in training and in sampling. */
export interface ComputeSettings {
  readonly precision: Precision;
  /** Whether the backward computes each layer's states again instead of keeping them from the forward. */
  readonly recompute: boolean;
  /** Whether attention of training and scoring takes memory that grows linearly with length. */
  readonly attentionInBlocks: boolean;
}

export interface ModelFiles {
  readonly config: ModelConfig;
  /** Absent: in float32, nothing computed again. */
  readonly compute?: ComputeSettings;
  readonly parameters: string;
  /**
   * Present in LoRA training: `parameters` are frozen, and only this file (adapters under PEFT's names, and the value or reward
   * head) and the optimiser's state for it are trained and written.
   */
  readonly adapters?: { readonly file: string; readonly lora: LoraConfig };
  /** The optimiser's state. Absent: training starts with a state of zeros. */
  readonly moments?: string;
  /** Updates behind `moments`; bias correction counts from it. */
  readonly step: number;
  /** Where training in float16 is, as `moments` are. */
  readonly lossScale?: LossScale;
}

export interface TrainedModel extends Pick<ModelFiles, 'config' | 'compute' | 'step' | 'lossScale'> {
  /** Every weight; for a model with adapters, these and the heads alone. */
  readonly parameters: Parameters;
  /** The file of the weights under the adapters, which are frozen. */
  readonly adapted?: { readonly base: string; readonly lora: LoraConfig };
  /** The optimiser's state, named as it names it. Null for a model that is not to be trained on. */
  readonly moments: Parameters | null;
}

/**
 * A model's parameters for reading only, adapters merged into them: others see the same arrays.
 * @throws InvalidModel when a file is damaged, or its tensors do not fit the config.
 */
export async function loadModel(files: ModelFiles): Promise<Parameters> {
  const parameters = await readShared(files.parameters);
  checkParameters(files, parameters);
  if (!files.adapters) return parameters;
  const { file, lora } = files.adapters;
  return readDerived([files.parameters, file], async () =>
    mergeAdapters(parameters, await readShared(file), adaptersOf(languageModel(files.config).linear, lora), lora),
  );
}

/** A model's tensors straight from its files, adapters merged, for a caller that reads them once. */
export async function readMerged({ config, parameters, adapters }: ModelFiles): Promise<Parameters> {
  const { tensors: base } = await readSafetensors(parameters);
  if (!adapters) return base;
  const { tensors: trained } = await readSafetensors(adapters.file);
  return mergeAdapters(base, trained, adaptersOf(languageModel(config).linear, adapters.lora), adapters.lora);
}

/**
 * What is in training, with the optimiser's state, for the caller alone, to be changed in place; and the weights that are frozen,
 * for reading only. The state is null where the files have none.
 * @throws InvalidModel when a file is damaged, or its tensors do not fit the config.
 */
export async function takeModel(
  files: ModelFiles,
): Promise<{ readonly parameters: Parameters; readonly frozen: Parameters; readonly moments: Parameters | null }> {
  const base = await (files.adapters ? readShared : readPrivate)(files.parameters);
  checkParameters(files, base);
  const parameters = files.adapters ? await readPrivate(files.adapters.file) : base;
  const frozen: Parameters = files.adapters ? base : new Map();
  const moments = files.moments === undefined ? null : await readPrivate(files.moments);
  return { parameters, frozen, moments };
}

/**
 * Writes `model.safetensors` (with adapters `adapters.safetensors`, the frozen weights staying where they are) and
 * `moments.safetensors` to a directory, made if need be. The arrays pass to the cache: the caller must not change them any more.
 */
export async function saveModel(directory: string, model: TrainedModel): Promise<ModelFiles> {
  await mkdir(directory, { recursive: true });
  const { config, adapted, step, compute, lossScale } = model;
  const file = join(directory, adapted ? 'adapters.safetensors' : 'model.safetensors');
  // Without `format`, transformers refuses the file.
  await writeAndKeep(file, model.parameters, { format: 'pt' });
  const files: ModelFiles = {
    config,
    ...(adapted ? { parameters: adapted.base, adapters: { file, lora: adapted.lora } } : { parameters: file }),
    step,
    ...(compute ? { compute } : {}),
    ...(lossScale ? { lossScale } : {}),
  };
  if (model.moments === null) return files;
  const moments = join(directory, 'moments.safetensors');
  await writeAndKeep(moments, model.moments, {});
  return { ...files, moments };
}

function checkParameters(files: ModelFiles, parameters: Parameters): void {
  for (const [name, shape] of languageModel(files.config).shapes) {
    const found = parameters.get(name);
    if (found === undefined) throw new InvalidModel(`${files.parameters}: tensor ${name} is missing`);
    if (found.shape.join() !== shape.join())
      throw new InvalidModel(
        `${files.parameters}: tensor ${name} has shape [${found.shape.join(', ')}], the config asks for [${shape.join(', ')}]`,
      );
  }
}
