/** The spec reference, written from the schemas: every field with what it allows, its default and its description. */
import { z } from 'zod';
import { annotationSchema } from '../../workflows/config/annotation.js';
import { compareSchema } from '../../workflows/config/compare.js';
import { evaluationRunSchema } from '../../workflows/config/evaluationRun.js';
import { allowedBy, type JsonSchema, variants } from '../../workflows/config/explain.js';
import { comparisonPresets, presets } from '../../workflows/config/presets/index.js';
import { specSchema } from '../../workflows/config/spec.js';
import { table } from './table.js';

/** A field somewhere in a schema. */
export interface Field {
  /** `ppo.optimiser.learningRate`. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

const roots = [
  { title: 'A run', command: '`reft run`, workflow type `reft`', schema: specSchema },
  { title: 'A comparison', command: '`reft compare`, workflow type `compare`', schema: compareSchema },
  { title: 'An evaluation', command: '`reft evaluate`, workflow type `evaluation`', schema: evaluationRunSchema },
  { title: 'An annotation', command: '`reft annotate`, workflow type `annotate`', schema: annotationSchema },
].map(({ schema, ...root }) => ({ ...root, schema: z.toJSONSchema(schema, { io: 'input' }) }));

/** Fields that an object has in one of its forms. */
function fieldsOf(schema: JsonSchema, path: string): readonly Field[] {
  return Object.entries(schema.properties ?? noProperties).flatMap(([name, field]) =>
    typeof field === 'object'
      ? [
          {
            path: path === '' ? name : `${path}.${name}`,
            schema: field,
            isRequired: schema.required?.includes(name) === true,
          },
        ]
      : [],
  );
}

/** What is no object has no fields. */
const noProperties: NonNullable<JsonSchema['properties']> = {};

/** The forms of a schema that have fields. */
function objectsIn(schema: JsonSchema): readonly JsonSchema[] {
  return variants(schema).filter(({ properties }) => properties !== undefined);
}

/** Every field of every schema, objects before what is in them. */
export const allFields: readonly Field[] = roots.flatMap(fieldsOfRoot);

function fieldsOfRoot({ schema }: (typeof roots)[number]): readonly Field[] {
  return below({ path: '', schema, isRequired: true });
}

function below({ path, schema }: Field): readonly Field[] {
  return objectsIn(schema).flatMap((object) =>
    fieldsOf(object, path).flatMap((field): readonly Field[] => [field, ...below(field)]),
  );
}

/** Equal for objects with the same fields, however the objects themselves are described. */
function shapeOf(schema: JsonSchema): string {
  return JSON.stringify(objectsIn(schema).map(({ properties, required }) => ({ properties, required })));
}

/** Objects with a section of their own: those that a run's spec is made of, and those in several places. */
const sections = new Map<string, { readonly paths: string[]; readonly schema: JsonSchema }>();
for (const { path, schema } of allFields) {
  if (objectsIn(schema).length === 0) continue;
  const shape = shapeOf(schema);
  const known = sections.get(shape);
  if (known && !known.paths.includes(path)) known.paths.push(path);
  if (!known) sections.set(shape, { paths: [path], schema });
}
const partsOfRun = new Set(
  roots
    .slice(0, 1)
    .flatMap(fieldsOfRoot)
    .map(({ schema }) => shapeOf(schema)),
);
for (const [shape, { paths }] of sections) {
  const isPart = partsOfRun.has(shape) && paths.some((path) => !path.includes('.'));
  if (paths.length === 1 && !isPart) sections.delete(shape);
}

/** `optimiser` for all of `warmUp.optimiser`, `ppo.optimiser`, …; `warmUp, sft` for two of one shape. */
function nameOf(paths: readonly string[]): string {
  return [...new Set(paths.map((path) => path.split('.').slice(-1).join()))].join(', ');
}

function anchorOf(paths: readonly string[]): string {
  return nameOf(paths).toLowerCase().replaceAll(',', '').replaceAll(' ', '-');
}

function rowOf({ path, schema, isRequired }: Field): readonly string[] {
  const section = sections.get(shapeOf(schema));
  const hasSection = section !== undefined && objectsIn(schema).length > 0;
  const others = variants(schema).filter(({ properties }) => properties === undefined);
  const object = hasSection ? `[an object](#${anchorOf(section.paths)})` : 'an object, below';
  const allowed = [...others.map(allowedBy), ...(objectsIn(schema).length > 0 ? [object] : [])].join(', or ');
  return [`\`${path}\``, allowed, defaultOf(schema, isRequired), schema.description ?? ''];
}

function defaultOf({ default: value }: JsonSchema, isRequired: boolean): string {
  if (value === undefined) return isRequired ? 'required' : 'left out';
  return JSON.stringify(value) === '{}' ? 'that of each field' : `\`${JSON.stringify(value)}\``;
}

/** The rows of an object: a table a form, since a form is given whole. */
function tablesOf(schema: JsonSchema, path: string): readonly string[] {
  const withNested = (field: Field): readonly Field[] =>
    sections.has(shapeOf(field.schema))
      ? [field]
      : [field, ...objectsIn(field.schema).flatMap((object) => fieldsOf(object, field.path).flatMap(withNested))];
  return objectsIn(schema).map((object) =>
    table(['field', 'allowed', 'default', 'meaning'], fieldsOf(object, path).flatMap(withNested).map(rowOf)),
  );
}

interface NamedPreset {
  readonly purpose: string;
  readonly gpuGiB?: number;
}

function presetTable(named: Readonly<Record<string, NamedPreset>>): string {
  const needs = ({ gpuGiB }: NamedPreset): string =>
    gpuGiB === undefined ? '' : ` Planned for a GPU of ${gpuGiB} GiB or more; no GPU has run it yet.`;
  return table(
    ['preset', 'what it is for'],
    Object.entries(named).map(([name, preset]) => [`\`${name}\``, `${preset.purpose}${needs(preset)}`]),
  );
}

function sectionText({ paths, schema }: { readonly paths: readonly string[]; readonly schema: JsonSchema }): string {
  const name = nameOf(paths);
  const isIn = paths.some((path) => path.includes('.')) ? [`In ${paths.map((path) => `\`${path}\``).join(', ')}.`] : [];
  const [first = '', ...forms] = tablesOf(schema, paths.length === 1 ? name : '');
  return [`### ${name}`, ...isIn, first, ...forms.flatMap((form) => ['or', form])].join('\n\n');
}

export function specPage(): string {
  const rootTexts = roots.map(({ title, command, schema }) =>
    [`## ${title}`, `Started by ${command}.`, ...tablesOf(schema, '')].join('\n\n'),
  );
  const [run = '', ...others] = rootTexts;
  return `${[
    '# The spec',
    '<!-- Written by `npm run docs` from the schemas in this folder: change a description there. -->',
    'A spec says what a run does. It is JSON: a preset with some fields changed, `{"preset": "demo", "seed": 1, "ppo": {"epochs": 5}}`, or every required field without a preset. Fields of nested objects are laid over those of the preset one by one. What is neither given nor in the preset has its default. A field that does not exist, or a value that is not allowed, is refused before any work, with all problems named at once.',
    '`reft schema` prints the same as JSON Schema (`reft schema compare`, `reft schema evaluation`, `reft schema annotation`), for editors and checkers.',
    '“Paper” is Luong et al., *ReFT: Reasoning with Reinforced Fine-Tuning*, ACL 2024, arXiv 2401.08967, with the section. “Paper’s code” is what its authors published; where the two differ, the code made the published results.',
    '## Presets',
    presetTable(presets),
    'Of comparisons:',
    presetTable(comparisonPresets),
    run,
    ...[...sections.values()].map(sectionText),
    ...others,
  ].join('\n\n')}\n`;
}
