/** The fields that configs of the Llama family share, in the forms that transformers 4 and 5 write. */
import { z } from 'zod';
import { InvalidModel } from '../../../errors.js';
import { check, configJson, only, positive, show, size, type Tokens, tokenFields } from './fields.js';
import type { RotaryDecoderConfig } from './types.js';

const scalingSchema = z.discriminatedUnion('rope_type', [
  z.strictObject({ rope_type: z.literal('default') }),
  z.strictObject({ rope_type: z.literal('linear'), factor: positive }),
  z.strictObject({
    rope_type: z.literal('llama3'),
    factor: positive,
    low_freq_factor: positive,
    high_freq_factor: positive,
    original_max_position_embeddings: size,
  }),
]);

/** @param shape fields that only one architecture of the family has. */
export function readRotaryConfig(
  json: Readonly<Record<string, unknown>>,
  shape: Readonly<Record<string, z.ZodType>>,
  file: string,
  tokens: Tokens,
): RotaryDecoderConfig {
  const schema = configJson({
    ...tokenFields,
    vocab_size: size,
    hidden_size: size,
    intermediate_size: size,
    num_hidden_layers: size,
    num_attention_heads: size,
    num_key_value_heads: size.optional(),
    head_dim: size.nullish(),
    hidden_act: only('silu'),
    max_position_embeddings: size,
    rms_norm_eps: positive,
    rope_theta: positive.default(10_000),
    rope_scaling: scalingSchema.nullish(),
    rope_interleaved: only(false),
    tie_word_embeddings: z.boolean().default(false),
    ...shape,
  });
  const config = check(schema, withOldRope(json, file), file);
  const { num_attention_heads: heads, num_key_value_heads: keyValueHeads = heads, rope_scaling: scaling } = config;
  return {
    vocab_size: config.vocab_size,
    hidden_size: config.hidden_size,
    intermediate_size: config.intermediate_size,
    num_hidden_layers: config.num_hidden_layers,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    ...(config.head_dim == null ? {} : { head_dim: config.head_dim }),
    max_position_embeddings: config.max_position_embeddings,
    rms_norm_eps: config.rms_norm_eps,
    rope_theta: config.rope_theta,
    ...(scaling == null || scaling.rope_type === 'default' ? {} : { rope_scaling: scaling }),
    tie_word_embeddings: config.tie_word_embeddings,
    ...tokens(config),
  };
}

/**
 * Transformers 5 keeps base and scaling together in `rope_parameters`; older files call the scaling's type `type`.
 * @throws InvalidModel when both forms are there and differ.
 */
function withOldRope({ rope_parameters: together, ...json }: Readonly<Record<string, unknown>>, file: string): object {
  if (together != null && !isRecord(together))
    throw new InvalidModel(`${file}: rope_parameters is ${show(together)}, an object is needed`);
  const { rope_theta: base, ...parameters } = { ...together };
  const hasScaling = Object.keys(parameters).length > 0;
  if (hasScaling && json.rope_scaling != null)
    throw new InvalidModel(`${file}: rope_scaling is given together with rope_parameters, supported: one of them`);
  if (base !== undefined && json.rope_theta !== undefined && json.rope_theta !== base)
    throw new InvalidModel(
      `${file}: rope_theta is ${show(json.rope_theta)}, but ${show(base)} in rope_parameters, supported: one of them`,
    );
  const given = hasScaling ? parameters : json.rope_scaling;
  const scaling = isRecord(given) && 'type' in given ? renamed(given) : given;
  return {
    ...json,
    ...(base === undefined ? {} : { rope_theta: base }),
    ...(scaling === undefined ? {} : { rope_scaling: scaling }),
  };
}

/** `rope_type` wins where a file has both names. */
function renamed({ type, ...rest }: Readonly<Record<string, unknown>>): object {
  return { rope_type: type, ...rest };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
