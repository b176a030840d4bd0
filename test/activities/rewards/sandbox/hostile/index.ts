/** Hostile programs, by their kind. */
import { escapes } from './escapes.js';
import { limits } from './limits.js';
import { poison } from './poison.js';
import { results } from './results.js';

export interface HostileProgram {
  readonly kind: string;
  readonly program: string;
}

export const hostilePrograms: readonly HostileProgram[] = Object.entries({
  ...poison,
  ...escapes,
  ...results,
  ...limits,
}).flatMap(([kind, programs]) => programs.map((program) => ({ kind, program })));
