/** What the command’s arguments may be: task queues, forms of a model, kinds of specification. */

export type QueueName = 'general' | 'engine';
export const queueNames: readonly QueueName[] = ['general', 'engine'];

export type ExportFormat = 'transformers' | 'onnx' | 'adapter';
export const exportFormats: readonly ExportFormat[] = ['transformers', 'onnx', 'adapter'];

export const schemaNames = ['run', 'compare', 'evaluation'] as const;
export type SchemaName = (typeof schemaNames)[number];
