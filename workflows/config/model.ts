/** The model a run starts from: a fresh one of given sizes, or a pretrained one. */
import { z } from 'zod';

/** A model trained from nothing: a Llama of these sizes. */
export const scratchModelSchema = z
  .strictObject({
    hiddenSize: z
      .int()
      .min(8)
      .max(16_384)
      .describe('Width of the residual stream. It is divided among the heads, a multiple of 16 for each.'),
    layers: z.int().min(1).max(256).describe('Number of transformer blocks.'),
    heads: z.int().min(1).max(256).describe('Attention heads. Must divide `hiddenSize`.'),
    keyValueHeads: z
      .int()
      .min(1)
      .max(256)
      .describe('Heads of keys and values, each shared by heads / keyValueHeads heads. Must divide `heads`.'),
    intermediateSize: z.int().min(8).max(65_536).describe('Width inside the feed-forward network (SwiGLU).'),
    ropeBase: z
      .number()
      .min(1)
      .max(1e9)
      .default(10_000)
      .describe('Base of the rotary position embedding. 10,000 is Llama’s; short sequences do well with less.'),
    tiedHead: z.boolean().default(true).describe('Whether the output head shares the embedding’s weights.'),
    normEpsilon: z
      .number()
      .positive()
      .max(0.1)
      .default(1e-5)
      .describe('Added to the variance in RMSNorm. Llama’s value.'),
    maxPositions: z
      .int()
      .min(16)
      .max(131_072)
      .default(512)
      .describe('Longest sequence in tokens, prompt and answer together.'),
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

/** A pretrained model: its architecture and its tokenizer are its own. */
export const pretrainedModelSchema = z.strictObject({
  from: z
    .string()
    .max(1_000)
    .refine((from) => sourceForms.some((form) => form.test(from)), {
      error: 'hf:org/name or hf:org/name@revision, s3://bucket/prefix, or the absolute path of a folder',
    })
    .describe(
      'A pretrained model (Llama, Mistral, Qwen2, Qwen3, SmolLM3, Gemma 3 text, GPT-2 or OPT): hf:org/name or hf:org/name@revision, s3://bucket/prefix, or the absolute path of a folder on the workers’ machine (the command `reft` takes a relative one from the specification’s file). The paper starts from Galactica-6.7B and CodeLLAMA-7B (4.3).',
    ),
});

export const modelSchema = z
  .union([pretrainedModelSchema, scratchModelSchema])
  .describe('The model to start from: a pretrained one (`from`), or a Llama of these sizes with random weights.');

export type ScratchModelSpec = z.output<typeof scratchModelSchema>;
