/** What the command’s arguments may be: task queues, forms of a model, kinds of specification. */

export type QueueName = 'general' | 'engine';
export const queueNames: readonly QueueName[] = ['general', 'engine'];

export type ExportFormat = 'transformers' | 'onnx' | 'adapter';
export const exportFormats: readonly ExportFormat[] = ['transformers', 'onnx', 'adapter'];

/** Data sets whose authors annotated otherwise than in chains of thought that are trained on. */
export const convertibleSets = ['gsm8k', 'mathqa', 'mathqa-numeric', 'svamp', 'asdiv', 'mawps'] as const;
export type ConvertibleSet = (typeof convertibleSets)[number];

/** Chains of thought as programs, or in words. */
export type CotName = 'p-cot' | 'n-cot';
export const cotNames: readonly CotName[] = ['p-cot', 'n-cot'];

/** Beside those of Temporal and its UI. */
export const codecServerPort = 8234;

export const schemaNames = ['run', 'compare', 'evaluation', 'annotation'] as const;
export type SchemaName = (typeof schemaNames)[number];

/** Shells whose completion can be printed. */
export const shellNames = ['bash', 'zsh', 'fish'] as const;
export type ShellName = (typeof shellNames)[number];

/** How a question can be put to a model: the paper's two forms, and the model's own chat template. */
export type PromptForm = 'program' | 'natural' | 'chat';
export const promptForms: readonly PromptForm[] = ['program', 'natural', 'chat'];

export const answerKinds = ['number', 'choice', 'text'] as const;

/** Where `reft serve` listens. */
export const servePort = 8235;

/** Where `reft up` serves live reports, if it is free. */
export const livePort = 8236;
