/** The model a run starts from: a fresh one of given sizes, or a pretrained one. */
import { z } from 'zod';

/** A model trained from nothing: a Llama of these sizes. */
export const scratchModelSchema = z
  .strictObject({
    hiddenSize: z.int().min(8).max(16_384),
    layers: z.int().min(1).max(256),
    heads: z.int().min(1).max(256),
    keyValueHeads: z.int().min(1).max(256),
    intermediateSize: z.int().min(8).max(65_536),
    ropeBase: z.number().positive().default(10_000),
    tiedHead: z.boolean().default(true),
    normEpsilon: z.number().positive().default(1e-5),
    /** Longest sequence, prompt and answer together. */
    maxPositions: z.int().min(16).max(131_072).default(512),
  })
  .superRefine((model, context) => {
    const report = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (model.hiddenSize % model.heads !== 0)
      report('heads', `must divide hiddenSize ${model.hiddenSize}, got ${model.heads}`);
    else if ((model.hiddenSize / model.heads) % 16 !== 0)
      report('heads', `hiddenSize / heads must be a multiple of 16, got ${model.hiddenSize / model.heads}`);
    if (model.heads % model.keyValueHeads !== 0)
      report('keyValueHeads', `must divide heads ${model.heads}, got ${model.keyValueHeads}`);
  });

/** How a model to start from is named: of the hub, in S3, a folder. */
export const sourceForms = [/^hf:[\w.-]+(\/[\w.-]+)?(@[\w./-]+)?$/, /^s3:\/\/[^/]+\/.+$/, /^(\/|[A-Za-z]:[\\/])/];

/** A pretrained model: its architecture and its tokenizer are its own (`data.tokenizer` is for models from scratch). */
export const pretrainedModelSchema = z.strictObject({
  from: z
    .string()
    .max(1_000)
    .refine((from) => sourceForms.some((form) => form.test(from)), {
      error: 'hf:org/name or hf:org/name@revision, s3://bucket/prefix, or the absolute path of a folder',
    }),
});

export const modelSchema = z.union([pretrainedModelSchema, scratchModelSchema]);

export type ModelSpec = z.output<typeof modelSchema>;
export type ScratchModelSpec = z.output<typeof scratchModelSchema>;
