/** The rotary embedding's fields of `config.json`, in the forms that transformers 4 and 5 write. */
import { z } from 'zod';
import { isJson, type Json, only, positive, type Refusal, show, size } from './configFields.js';

/** Only a part of each head is rotated elsewhere. */
const whole = { partial_rotary_factor: only(1) };

/** How frequencies are scaled for longer sequences than the base model was trained on. */
const scalingSchema = z.discriminatedUnion('rope_type', [
  z.object({ rope_type: z.literal('default'), ...whole }),
  z.object({ rope_type: z.literal('linear'), factor: positive, ...whole }),
  // Frequencies change beyond max_position_embeddings alone, and no sequence is longer.
  z.object({ rope_type: z.literal('dynamic'), factor: positive, ...whole }),
  z.object({
    rope_type: z.literal('llama3'),
    factor: positive,
    low_freq_factor: positive,
    high_freq_factor: positive,
    original_max_position_embeddings: size.optional(),
    ...whole,
  }),
  z.object({
    rope_type: z.literal('yarn'),
    factor: positive,
    original_max_position_embeddings: size.optional(),
    attention_factor: positive.nullish(),
    beta_fast: positive.nullish(),
    beta_slow: positive.nullish(),
    mscale: z.number().min(0).nullish(),
    mscale_all_dim: z.number().min(0).nullish(),
    truncate: z.boolean().optional(),
    ...whole,
  }),
]);

export type RopeScaling = Readonly<Exclude<z.output<typeof scalingSchema>, { rope_type: 'default' }>>;

/** The fields in the form of transformers 4. @param base where a config names none. */
export const ropeFields = (base = 10_000) => ({
  rope_theta: positive.default(base),
  rope_scaling: scalingSchema.nullish(),
  // Beside rope_scaling it stands above the one inside.
  original_max_position_embeddings: size.nullish(),
  ...whole,
});

/** What a config keeps of them. */
export interface RopeConfig {
  readonly rope_theta: number;
  readonly rope_scaling?: RopeScaling;
}

interface PublishedRope {
  readonly rope_theta: number;
  readonly rope_scaling?: z.output<typeof scalingSchema> | null | undefined;
  readonly original_max_position_embeddings?: number | null | undefined;
  readonly max_position_embeddings: number;
}

export function readRope({ rope_theta: base, rope_scaling: scaling, ...published }: PublishedRope): RopeConfig {
  if (scaling == null || scaling.rope_type === 'default') return { rope_theta: base };
  if (scaling.rope_type !== 'llama3' && scaling.rope_type !== 'yarn')
    return { rope_theta: base, rope_scaling: scaling };
  const { original_max_position_embeddings: inside = published.max_position_embeddings } = scaling;
  const original = published.original_max_position_embeddings ?? inside;
  return { rope_theta: base, rope_scaling: { ...scaling, original_max_position_embeddings: original } };
}

/**
 * Transformers 5 keeps base and scaling together in `rope_parameters`; older files call the scaling's type `type`.
 * @throws InvalidModel when both forms are there and differ.
 */
export function ropeInOneForm({ rope_parameters: together, ...json }: Json, refusal: Refusal): Json {
  if (together != null && !isJson(together)) throw refusal(`rope_parameters is ${show(together)}, an object is needed`);
  const { rope_theta: base, ...parameters } = { ...together };
  const hasScaling = Object.keys(parameters).length > 0;
  if (hasScaling && json.rope_scaling != null)
    throw refusal('rope_scaling is given together with rope_parameters, supported: one of them');
  if (base !== undefined && json.rope_theta !== undefined && json.rope_theta !== base)
    throw refusal(
      `rope_theta is ${show(json.rope_theta)}, but ${show(base)} in rope_parameters, supported: one of them`,
    );
  const given = hasScaling ? parameters : json.rope_scaling;
  // An empty object says nothing.
  const said = isJson(given) && Object.keys(given).length === 0 ? null : given;
  const scaling = isJson(said) && 'type' in said ? renamed(said) : said;
  return {
    ...json,
    ...(base === undefined ? {} : { rope_theta: base }),
    ...(scaling === undefined ? {} : { rope_scaling: scaling }),
  };
}

/** `rope_type` wins where a file has both names. */
function renamed({ type, ...rest }: Json): Json {
  return { rope_type: type, ...rest };
}
