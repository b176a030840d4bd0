/** The forms `reft export` gives a model in: as transformers loads it, as transformers.js does, LoRA adapters as PEFT does. */
export type ExportFormat = 'transformers' | 'onnx' | 'adapter';
export const exportFormats: readonly ExportFormat[] = ['transformers', 'onnx', 'adapter'];
