/**
 * Checkpoints: a small manifest naming a model's config, parameters, optimiser state, tokenizer and random-number keys.
 *
 * The manifest is canonical JSON, so equal training states have equal manifest hashes: comparing the sha256 of two runs'
 * final checkpoints compares the runs.
 */
import { z } from 'zod';
import type { LoraConfig } from '../engine/lora/adapters.js';
import { type ModelConfig, readConfig } from '../engine/models/index.js';
import type { LossScale } from '../engine/optim/lossScale.js';
import type { ComputeSettings, ModelFiles } from '../engine/weights/modelFiles.js';
import { CorruptObject, messageOf } from '../errors.js';
import { formats, upgrade, versionField } from '../formats.js';
import type { CheckpointRef, ObjectRef, Store } from './types.js';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const objectRefSchema: z.ZodType<ObjectRef> = z.strictObject({
  key: z.string().min(1),
  sha256: sha256Schema,
  bytes: z.int().min(0),
});

const loraSchema: z.ZodType<LoraConfig> = z.strictObject({
  rank: z.int().min(1),
  alpha: z.number().positive(),
  targetModules: z.union([z.literal('all-linear'), z.array(z.string())]),
});

const computeSchema: z.ZodType<ComputeSettings> = z.strictObject({
  precision: z.enum(['float32', 'bfloat16', 'float16']),
  recompute: z.boolean(),
  attentionInBlocks: z.boolean(),
});

const lossScaleSchema: z.ZodType<LossScale> = z.strictObject({
  scale: z.number().positive(),
  goodSteps: z.int().min(0),
});

/** A model's config is in the form of a config.json, and read as one. */
const modelConfigSchema = z.unknown().transform((json, context): ModelConfig => {
  try {
    return readConfig(json, 'config');
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});

const manifestSchema = z.strictObject({
  kind: z.literal('checkpoint'),
  config: modelConfigSchema,
  /** In LoRA training the frozen base model: the same object in every checkpoint of a run. */
  parameters: objectRefSchema,
  adapters: z.strictObject({ file: objectRefSchema, lora: loraSchema }).optional(),
  /** How the model is computed; absent where it is so by default. */
  compute: computeSchema.optional(),
  /** The optimiser's state; absent for a model nothing has trained yet. */
  moments: objectRefSchema.optional(),
  /** Optimiser updates so far. */
  step: z.int().min(0),
  /** Of training in float16. */
  lossScale: lossScaleSchema.optional(),
  /** The `tokenizer.json` the model reads and writes in. */
  tokenizer: objectRefSchema,
  /** What the training up to here keyed its random numbers by (seed, purpose, epoch or round). */
  randomKeys: z.record(z.string(), z.union([z.string(), z.number()])),
});

export type CheckpointManifest = z.output<typeof manifestSchema>;

/** Local safetensors files; writing the checkpoint moves them into the store's cache. */
export interface CheckpointParts extends ModelFiles {
  /** The object that holds the frozen weights of the adapters' base model: they are not uploaded again. */
  readonly base?: ObjectRef;
  readonly tokenizer: ObjectRef;
  readonly randomKeys: CheckpointManifest['randomKeys'];
}

/** What a checkpoint is read by. */
type ManifestRef = Omit<CheckpointRef, 'weightBytes'>;

/** Uploads the files side by side, then the manifest, so that a manifest in S3 is always whole. */
export async function writeCheckpoint(store: Store, parts: CheckpointParts): Promise<CheckpointRef> {
  const { adapters: adapted } = parts;
  const [parameters, adapters, moments] = await Promise.all([
    adapted && parts.base ? parts.base : store.putFile(parts.parameters),
    adapted ? store.putFile(adapted.file).then((file) => ({ adapters: { ...adapted, file } })) : {},
    parts.moments === undefined ? {} : store.putFile(parts.moments).then((file) => ({ moments: file })),
  ]);
  const manifest: CheckpointManifest = {
    kind: 'checkpoint',
    config: parts.config,
    parameters,
    ...adapters,
    ...(parts.compute ? { compute: parts.compute } : {}),
    ...moments,
    step: parts.step,
    ...(parts.lossScale ? { lossScale: parts.lossScale } : {}),
    tokenizer: parts.tokenizer,
    randomKeys: parts.randomKeys,
  };
  const stored = { ...versionField(formats.checkpoint), ...manifest };
  return { ...(await store.putJson(stored)), step: parts.step, weightBytes: parameters.bytes };
}

/**
 * Fetches a checkpoint into the local cache. Generation needs parameters only: `moments: false` leaves the rest, with
 * AdamW two thirds of the bytes, in S3.
 * @throws CorruptObject when the object is damaged or no checkpoint.
 */
export async function readCheckpoint(
  store: Store,
  ref: ManifestRef,
  { moments }: { readonly moments: boolean },
): Promise<{ readonly files: ModelFiles; readonly manifest: CheckpointManifest }> {
  const manifest = await readManifest(store, ref);
  const files: ModelFiles = {
    config: manifest.config,
    parameters: await store.getFile(manifest.parameters),
    ...(manifest.adapters
      ? { adapters: { ...manifest.adapters, file: await store.getFile(manifest.adapters.file) } }
      : {}),
    ...(moments && manifest.moments ? { moments: await store.getFile(manifest.moments) } : {}),
    ...(manifest.compute ? { compute: manifest.compute } : {}),
    step: manifest.step,
    ...(manifest.lossScale ? { lossScale: manifest.lossScale } : {}),
  };
  return { files, manifest };
}

/** @throws CorruptObject when the object is damaged or no checkpoint; IncompatibleVersion when it is of a later version. */
export async function readManifest(store: Store, ref: ManifestRef): Promise<CheckpointManifest> {
  const json = await store.getJson(ref);
  const isObject = typeof json === 'object' && json !== null;
  const parsed = manifestSchema.safeParse(isObject ? upgrade(formats.checkpoint, json, ref.key) : json);
  if (!parsed.success) throw new CorruptObject(ref.key, 'a checkpoint manifest', z.prettifyError(parsed.error));
  const manifest = parsed.data;
  if (manifest.step !== ref.step)
    throw new CorruptObject(ref.key, `step ${ref.step}, as its reference says`, `step ${manifest.step}`);
  return manifest;
}
