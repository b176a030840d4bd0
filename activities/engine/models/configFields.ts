/** What the schemas of published configs are made of, and the check of a config by one of them. */
import { z } from 'zod';
import type { InvalidModel } from '../../errors.js';

export const size = z.int().min(1);
export const positive = z.number().positive();

/** A parsed JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** The error that refuses a config, with the file's name before the problem: `throw refusal('…')`. */
export type Refusal = (problem: string) => InvalidModel;

const token = z.int().min(0);
/** −1 is an old way to say that there is none. */
const tokenOrNone = z.union([token, z.literal(-1), z.null()]).default(null);

/** Token ids as configs have them: several ends, or none. */
const tokenFields = {
  bos_token_id: tokenOrNone,
  eos_token_id: z.union([tokenOrNone, z.array(token).min(1)]).default(null),
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

/**
 * Fields that say nothing about what a forward pass computes: where the model comes from, how it was initialised, dropout
 * (which training here does not apply), defaults of generation, labels of other tasks.
 */
const ignored = [
  ...['_name_or_path', '_attn_implementation', '_attn_implementation_autoset', 'auto_map', 'transformers_version'],
  ...['transformers.js_config', 'torch_dtype', 'dtype', 'torchscript', 'use_cache', 'return_dict', 'output_attentions'],
  ...['output_hidden_states', 'initializer_range', 'init_std', 'prefix', 'task_specific_params', 'finetuning_task'],
  ...['problem_type', 'id2label', 'label2id', 'num_labels', 'pretraining_tp', 'is_llama_config', 'tokenizer_class'],
  ...['attention_dropout', 'activation_dropout', 'dropout', 'layerdrop', 'attn_pdrop', 'embd_pdrop', 'resid_pdrop'],
  ...['summary_activation', 'summary_first_dropout', 'summary_proj_to_labels', 'summary_type', 'summary_use_proj'],
  ...['gradient_checkpointing', 'unsloth_version', 'unsloth_fixed', 'chunk_size_feed_forward'],
];

/** A schema that knows the fields given, the tokens and those above, and no others. */
export function publishedConfig<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const others = Object.fromEntries(ignored.map((name) => [name, z.unknown().optional()]));
  const shared = { is_decoder: only(true, false), is_encoder_decoder: only(false), add_cross_attention: only(false) };
  return z.strictObject({ ...others, ...shared, architectures: z.unknown().optional(), ...tokenFields, ...shape });
}

/** Most problems in one error message. */
const mostProblems = 20;

/** @throws InvalidModel naming every field that is unknown or has a value the engine does not support. */
export function check<Published>(schema: z.ZodType<Published>, json: Json, refusal: Refusal): Published {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, json));
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
