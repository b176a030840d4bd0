/** The JSON Schemas (draft 2020-12) of what can be started, the presets' names included: what `reft schema` prints. */
import { z } from 'zod';
import { annotationSchema } from './annotation.js';
import { compareSchema } from './compare.js';
import { evaluationRunSchema } from './evaluationRun.js';
import { comparisonPresets, presets } from './presets/index.js';
import { specSchema } from './spec.js';

export function jsonSchema(
  name: 'run' | 'compare' | 'evaluation' | 'annotation' = 'run',
): Readonly<Record<string, unknown>> {
  switch (name) {
    case 'run':
      return { title: 'ReFT run specification', ...orPreset(specSchema, presets) };
    case 'compare':
      return { title: 'ReFT comparison specification', ...orPreset(compareSchema, comparisonPresets) };
    case 'evaluation':
      return { title: 'ReFT evaluation specification', ...z.toJSONSchema(evaluationRunSchema, { io: 'input' }) };
    case 'annotation':
      return { title: 'ReFT annotation specification', ...z.toJSONSchema(annotationSchema, { io: 'input' }) };
  }
}

/** Either a preset's name with any fields beside it, or all that is required. */
function orPreset(schema: z.ZodType, named: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { $schema, ...whole } = z.toJSONSchema(schema, { io: 'input' });
  const overrides: typeof whole = JSON.parse(
    JSON.stringify(whole, (key, value) => (key === 'required' ? undefined : value)),
  );
  const preset = {
    type: 'string',
    enum: Object.keys(named),
    description: 'Every field not given here is taken from it.',
  };
  return {
    $schema,
    anyOf: [{ ...overrides, properties: { preset, ...overrides.properties }, required: ['preset'] }, whole],
  };
}
