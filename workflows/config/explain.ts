/**
 * Tells what is wrong with a value in plain words: each field, the value given and what is allowed.
 *
 * What is allowed is read from the schema itself, so that a message can never disagree with the check.
 */
import { z } from 'zod';
import { didYouMean } from './closest.js';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** One line a problem: `warmUp.epochs: got 0, allowed: a whole number from 1 to 10000`. */
export function explainIssues(schema: z.ZodType, error: z.ZodError, given: unknown): string[] {
  const root = z.toJSONSchema(schema, { io: 'input' });
  return error.issues.flatMap((issue) => explainIssue(root, issue, given));
}

/** A value as it appears in a message: JSON, cut when long. */
export function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function explainIssue(root: JsonSchema, issue: z.core.$ZodIssue, given: unknown): string[] {
  if (issue.code === 'invalid_union') {
    const meant = meantBranch(issue.errors);
    if (meant) return meant.flatMap((one) => explainIssue(root, { ...one, path: [...issue.path, ...one.path] }, given));
  }
  const allowedHere = allowedBy(schemaAt(root, issue.path));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const meant = didYouMean(key, fieldsOf(schemaAt(root, issue.path)));
      return `${[...issue.path, key].join('.')}: unknown field${meant}, allowed here: ${allowedHere}`;
    });
  const value = valueAt(given, issue.path);
  const allowed = issue.code === 'custom' ? issue.message : allowedHere;
  const field = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  return [`${field}${value === undefined ? 'missing' : `got ${show(value)}`}, allowed: ${allowed}`];
}

/**
 * Of a union's forms the one that was probably meant: fewest unknown fields, then fewest problems. None where the value is of
 * no form's kind at all.
 */
function meantBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const unknown = (issues: readonly z.core.$ZodIssue[]): number =>
    issues.reduce((count, issue) => count + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0);
  const [best] = branches
    .filter((issues) => issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'))
    .sort((a, b) => unknown(a) - unknown(b) || a.length - b.length);
  return best;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => {
    if (Array.isArray(at)) return at[Number(key)];
    return isRecord(at) ? at[String(key)] : undefined;
  }, value);
}

function schemaAt(root: JsonSchema, path: readonly PropertyKey[]): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  for (const key of path)
    schema =
      typeof key === 'number' ? oneOf(variants(schema).find((one) => one.items)?.items) : fieldOf(schema, String(key));
  return schema;
}

function fieldsOf(schema: JsonSchema | undefined): readonly string[] {
  return variants(schema).flatMap(({ properties }) => Object.keys(properties ?? {}));
}

/** A field's schema; where several forms have the field, what any of them allows. */
function fieldOf(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const found = variants(schema)
    .map((one) => asSchema(one.properties?.[key]))
    .filter((one) => one !== undefined);
  return found.length > 1 ? { anyOf: found } : found[0];
}

/** The forms that a value may have: a field that may be null has two. */
export function variants(schema: JsonSchema | undefined): readonly JsonSchema[] {
  if (schema === undefined) return [];
  return (schema.anyOf ?? schema.oneOf)?.filter((one) => typeof one === 'object').flatMap(variants) ?? [schema];
}

function asSchema(schema: JsonSchema | boolean | undefined): JsonSchema | undefined {
  return typeof schema === 'object' ? schema : undefined;
}

/** What a schema allows, in words: `a whole number from 1 to 100`. */
export function allowedBy(schema: JsonSchema | undefined): string {
  if (schema === undefined) return 'nothing';
  if (schema.anyOf ?? schema.oneOf) return variants(schema).map(allowedBy).join(', or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if (Array.isArray(schema.type)) return schema.type.map((type) => allowedBy({ ...schema, type })).join(', or ');
  switch (schema.type) {
    case 'integer':
      return `a whole number${describeRange(schema)}`;
    case 'number':
      return `a number${describeRange(schema)}`;
    case 'string':
      return schema.maxLength === undefined ? 'a string' : `a string of at most ${schema.maxLength} characters`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list${schema.minItems === undefined ? '' : ` of at least ${schema.minItems}`}, each ${allowedBy(oneOf(schema.items))}`;
    case 'object':
      return schema.properties ? `an object with the fields ${Object.keys(schema.properties).join(', ')}` : 'an object';
    default:
      return String(schema.type);
  }
}

/** What every item of a list is; a list with a schema for each place is not used here. */
function oneOf(items: JsonSchema['items']): JsonSchema | undefined {
  return Array.isArray(items) ? undefined : asSchema(items);
}

function describeRange(schema: JsonSchema): string {
  const { minimum, exclusiveMinimum, maximum } = schema;
  const lower = minimum ?? exclusiveMinimum;
  // Zod writes the largest safe integer where a whole number has no limit of its own.
  const upper = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const above = exclusiveMinimum === undefined ? 'of at least' : 'greater than';
  if (lower === undefined) return upper === undefined ? '' : ` of at most ${upper}`;
  if (upper === undefined) return ` ${above} ${lower}`;
  return exclusiveMinimum === undefined ? ` from ${lower} to ${upper}` : ` greater than ${lower}, at most ${upper}`;
}
