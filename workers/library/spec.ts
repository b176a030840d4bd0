/** `reft/spec`: the specification of a run as schema and types. Pure: workflows may import it too. */
import type { SpecPreset } from '../../workflows/config/spec.js';

export { InvalidSpec } from '../../activities/errors.js';
export { jsonSchema } from '../../workflows/config/jsonSchema.js';
export { presets } from '../../workflows/config/presets/index.js';
export { resolveSpec } from '../../workflows/config/resolve.js';
export { type Spec, specSchema } from '../../workflows/config/spec.js';

/** Some fields, down to any depth; lists and unions of names are whole. */
type SomeOf<Fields> = Fields extends readonly unknown[]
  ? Fields
  : Fields extends object
    ? { readonly [Name in keyof Fields]?: SomeOf<Fields[Name]> }
    : Fields;

/** What a run is started with: a preset's name with fields laid over it, or every field that has no default. */
export type ReftSpec = SpecPreset | ({ readonly preset: string } & SomeOf<SpecPreset>);
