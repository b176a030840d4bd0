/** What the schemas of published configs are made of, and the check of a config by one of them. */
import { z } from 'zod';
import type { InvalidModel } from '../../errors.js';

/** Far beyond any model, and small enough that no product of two is rounded. */
export const size = z
  .int()
  .min(1)
  .max(2 ** 26);
/** More than any model has: a graph is built of each. */
export const layerCount = size.max(1_000);
/** Bases of angles are the largest, of some 10 million. */
export const positive = z.number().positive().max(1e12);

/** A parsed JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** The error that refuses a config, with the file's name before the problem: `throw refusal('…')`. */
export type Refusal = (problem: string) => InvalidModel;

const token = z
  .int()
  .min(0)
  .max(2 ** 26);
/** −1 is an old way to say that there is none. */
const tokenOrNone = z.union([token, z.literal(-1), z.null()]).default(null);

/** Token ids as configs have them: several ends, or none. */
const tokenFields = {
  bos_token_id: tokenOrNone,
  eos_token_id: z.union([tokenOrNone, z.array(token).min(1).max(1_000)]).default(null),
  pad_token_id: tokenOrNone,
};

/** The part of every published config that says which tokens begin, end and pad. */
export type PublishedTokens = { readonly [Name in keyof typeof tokenFields]: z.output<(typeof tokenFields)[Name]> };

/** A field that must have one of these values or be absent, because the engine computes nothing else. */
export function only<const Value extends string | number | boolean | null>(
  ...values: readonly [Value, ...Value[]]
): z.ZodOptional<z.ZodLiteral<Value>> {
  return z.literal([...values]).optional();
}

/** As `only`, of fields of models that are written otherwise: null says nothing either. */
const unless = (...values: readonly (number | boolean)[]) => only(null, ...values);

/**
 * Fields by which other models compute something else. An architecture that does not read one takes it at the values that change
 * nothing.
 */
const neutral: Readonly<Record<string, z.ZodType>> = {
  ...{
    is_encoder_decoder: unless(false),
    add_cross_attention: unless(false),
    use_bidirectional_attention: unless(false),
  },
  ...{ attention_bias: unless(false), mlp_bias: unless(false), pruned_heads: z.strictObject({}).nullish() },
  ...{
    use_mrope: unless(false),
    rope_interleaved: unless(false),
    partial_rotary_factor: unless(1),
    alibi: unless(false),
  },
  ...{ use_qk_norm: unless(false), qk_layernorm: unless(false), use_parallel_residual: unless(false) },
  ...{ attn_logit_softcapping: unless(), final_logit_softcapping: unless(), attention_multiplier: unless() },
  ...{
    logit_scale: unless(1),
    logits_scaling: unless(1),
    embedding_multiplier: unless(1),
    residual_multiplier: unless(1),
  },
  ...{ num_experts: unless(0), num_local_experts: unless(0, 1) },
};

/** What a published config is checked by. */
export interface PublishedSchema<Published> {
  /** Of the fields that are read. Others are left out. */
  readonly read: z.ZodType<Published>;
  /** Of those that must say nothing. */
  readonly neutral: z.ZodType;
}

/** The schema of a config from which the fields given and the tokens are read. */
export function publishedConfig<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const others = Object.entries(neutral).filter(([name]) => !Object.hasOwn(shape, name));
  const read = z.object({ ...tokenFields, ...shape });
  return { read, neutral: z.object(Object.fromEntries(others)) } satisfies PublishedSchema<z.output<typeof read>>;
}

/**
 * The names of the fields of a config, and of objects in it, from which nothing was read: transformers computes nothing from them
 * either (where the model comes from, how it was initialised, dropout, which training here does not apply, defaults of generation,
 * labels of other tasks). `architectures` is left out: `model_type` says the same.
 */
export function unreadFields({ architectures: _, ...json }: Json, read: Json, prefix = ''): readonly string[] {
  return Object.entries(json).flatMap(([name, value]) => {
    const inside = read[name];
    if (!Object.hasOwn(read, name)) return [clip(`${prefix}${name}`)];
    return isJson(value) && isJson(inside) ? unreadFields(value, inside, `${prefix}${name}.`) : [];
  });
}

/** Most problems in one error message. */
const mostProblems = 8;

/** @throws InvalidModel naming every field that has a value the engine does not support. */
export function check<Published>(schema: PublishedSchema<Published>, json: Json, refusal: Refusal): Published {
  const [parsed, neutrality] = [schema.read.safeParse(json), schema.neutral.safeParse(json)];
  if (parsed.success && neutrality.success) return parsed.data;
  const issues = [parsed, neutrality].flatMap(({ error }) => error?.issues ?? []);
  const problems = issues.flatMap((issue) => problemsOf(issue, json));
  const others = problems.length - mostProblems;
  const more = others > 0 ? `; and ${others} more` : '';
  throw refusal(`${problems.slice(0, mostProblems).join('; ')}${more}`);
}

function problemsOf(issue: z.core.$ZodIssue, json: Json): readonly string[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `field ${clip([...path, key].join('.'))} is not supported`);
  const value = path.reduce<unknown>((place, key) => (isContainer(place) ? place[key] : undefined), json);
  const allowed = issue.code === 'invalid_value' ? `supported: ${issue.values.map(show).join(', ')}` : issue.message;
  return [`${clip(path.join('.'))} is ${show(value)}, ${allowed}`];
}

/** A field's value in an error message, cut to a readable length. */
export function show(value: unknown): string {
  return clip(JSON.stringify(value) ?? 'missing');
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** @throws InvalidModel when the heads do not share the hidden states evenly. */
export function checkHeads(hidden: number, heads: number, refusal: Refusal): void {
  if (hidden % heads !== 0) throw refusal(`${heads} heads do not divide a hidden size of ${hidden}`);
}

export function isJson(value: unknown): value is Json {
  return isContainer(value) && !Array.isArray(value);
}

/** An object or an array: what a path of keys leads through. */
function isContainer(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
